"""Open accounts with what their owners bring."""

from __future__ import annotations

from isthmus.contracts.accounts import Account, AccountConflict, NothingBrought, Opening, open_account
from isthmus.contracts.ledger import OPENING, Commodity, Ledger, Transfer, client_account
from isthmus.contracts.market import Currency
from isthmus.core import Records, handles


@handles(open_account)
def open_with_what_is_brought(opening: Opening, accounts: Records[Account], ledger: Ledger) -> Account:
    """Book cash and holdings from the opening account; do nothing when the account is open."""
    account = Account(id=opening.account, client=opening.client, currency=Currency(opening.cash.currency))
    known = accounts.get(opening.account)
    if known is not None:
        if known != account:
            raise AccountConflict(account=opening.account)
        return known
    brought = _brought(opening)
    if any(amount < 0 for amount in brought.values()):
        raise NothingBrought(account=opening.account)
    accounts.put(opening.account, account)
    for commodity, amount in brought.items():
        if amount:
            ledger.transfer(
                Transfer(
                    id=f"opening/{opening.account}/{commodity}",
                    debit=OPENING,
                    credit=client_account(opening.account),
                    commodity=commodity,
                    amount=amount,
                )
            )
    return account


def _brought(opening: Opening) -> dict[Commodity, int]:
    brought = {Commodity(opening.cash.currency): opening.cash.minor}
    for holding in opening.holdings:
        commodity = Commodity(holding.instrument)
        brought[commodity] = brought.get(commodity, 0) + holding.quantity
    return brought
