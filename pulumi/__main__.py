"""Deploy the brokerage."""

from isthmus.provision.deployment import deploy

deploy()
