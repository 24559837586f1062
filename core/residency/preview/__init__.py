"""A policy meets every resource that a deployment would make, ours or not.

resource    the neutral form of a resource, and reading it from `pulumi preview --json`
rule        the few shapes that a rule about a property has
azure       where the types of Azure put data, hidden copies included
google      where the types of Google Cloud do
harmless    types that hold no data, reviewed one by one
claim       what a resource says by a rule: so much data, done so, at such a place
judge       the claims of all resources, against the policy
"""
