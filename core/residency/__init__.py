"""Residency: which classes of data there are, and which countries may store, process and replicate each.

    data_class          the classes that a field may carry
    facts               regions, their countries and pairs
    policy              what is allowed; policy_file reads it
    finding             what is wrong, by which rule
    regions             a policy meets the regions of both clouds
    availability        where a service is, by a listing of one's own
    placement           a policy meets a Blueprint, before any cloud is called
    preview/            a policy meets every resource that a deployment would make
    definitions         a policy as the clouds themselves enforce it

It is pure: whoever calls it brings the facts and the text of the policy.
"""

from isthmus.core.residency.data_class import CONFIDENTIAL, FINANCIAL, MARKET, PERSONAL, DataClass

__all__ = ["CONFIDENTIAL", "FINANCIAL", "MARKET", "PERSONAL", "DataClass"]
