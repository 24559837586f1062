"""Start the policy pack: Pulumi runs this file."""

from isthmus.provision.policy.residency import start

start()
