"""The laws of the brokerage's contracts: what every fulfilment must satisfy, ours and anybody's.

`isthmus verify` finds those of `isthmus.contracts.orders` in `isthmus.contracts.laws.orders`, and so on.
"""
