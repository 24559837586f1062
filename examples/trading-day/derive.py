"""Derive the trading day from real orders and real prices: the same bytes every time.

    python derive.py                    orders-priced.fix, accounts.csv, positions.csv, verdicts.csv and instruments.csv
    python derive.py --stocks FILE      prices.csv first, cut from the whole price file

Accounts, clients, senders, sides and the order of messages are those of `orders-fix42.fix`. What the real orders do not
have is added: a priced instrument, a time in the price file's dates, limits, unique ClOrdIDs, right lengths and sums.
Nothing is random: every choice is taken from a hash of the real ClOrdID.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
DAY: Final = date(2013, 3, 1)
OPENING: Final = datetime(2013, 3, 1, 14, 30, tzinfo=UTC)
SESSION_SECONDS: Final = 6 * 3600 + 1800
PRICE_DAYS: Final = 60
ORDERS: Final = 200
VALUE_MIN: Final = 5_000
VALUE_MAX: Final = 2_000_000
VALUE_STEPS: Final = 1_000
REJECTED_VERDICTS: Final = 8
REJECTED_VALUES: Final = (Decimal(20_000), Decimal(250_000))
CENT: Final = Decimal("0.01")
CLIENT_ID_ROLE: Final = "3"

INSTRUMENTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("AAPL", "US0378331005", "Apple Inc."),
    ("IBM", "US4592001014", "International Business Machines Corporation"),
    ("MSFT", "US5949181045", "Microsoft Corporation"),
    ("GOOG", "US38259P5089", "Google Inc. Class A (the ISIN in use in 2013)"),
    ("FB", "US30303M1027", "Facebook Inc. Class A"),
)
GIVEN_NAMES: Final = (
    *("Avery", "Blake", "Casey", "Devon", "Ellis", "Finley", "Gray", "Harper", "Indigo", "Jules", "Kai", "Lane"),
    *("Morgan", "Noel", "Oakley", "Parker", "Quinn", "Reese", "Sage", "Tatum", "Uma", "Vale", "Wren"),
)

type Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Derived:
    """Hold one order of the day, and the value that its money or position is planned by."""

    cl_ord_id: str
    sender: str
    account: str
    client: str
    symbol: str
    isin: str
    side: str
    quantity: int
    limit: Decimal | None
    at: datetime
    value: Decimal


def real_orders(path: Path) -> list[dict[int, str]]:
    """Read the NewOrderSingles of the real file, which is one message a line."""
    messages = [
        {int(tag): value for tag, _, value in (field.partition("=") for field in line.split("\x01") if field)}
        for line in path.read_text("ascii").splitlines()
    ]
    return [message for message in messages if message[35] == "D"]


def closes(path: Path) -> dict[str, Decimal]:
    """Return the closing prices of the day."""
    with path.open(encoding="utf-8", newline="") as rows:
        return {row["Ticker"]: Decimal(row["Close"]) for row in csv.DictReader(rows) if row["Date"] == DAY.isoformat()}


def draw(order: dict[int, str], round_: int, what: str, below: int) -> int:
    """Choose a number below a bound, from the real order's own identity."""
    seed = f"{order[11]}/{order[49]}/{round_}/{what}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:8]) % below


def clients_by_account(orders: Iterable[dict[int, str]]) -> dict[str, str]:
    """Say whose each account is: the first client that the real file shows for it; brokers' prefixes are left out."""
    owners: dict[str, str] = {}
    for order in orders:
        owners.setdefault(order[1][-9:], order.get(109) or order[49])
    return owners


def derive(orders: Sequence[dict[int, str]], prices: dict[str, Decimal]) -> Iterator[Derived]:
    """Go through the real orders again and again, each time with another instrument and size."""
    owners = clients_by_account(orders)
    for number in range(ORDERS):
        round_, place = divmod(number, len(orders))
        real = orders[place]
        symbol, isin, _ = INSTRUMENTS[(place + round_) % len(INSTRUMENTS)]
        price = prices[symbol]
        step = Decimal(draw(real, round_, "value", VALUE_STEPS)) / VALUE_STEPS
        target = VALUE_MIN * (Decimal(VALUE_MAX) / VALUE_MIN) ** step
        quantity = max(1, int(target / price))
        limit = None
        if draw(real, round_, "type", 5) < 2:
            limit = (price * (Decimal(970 + draw(real, round_, "limit", 61)) / 1000)).quantize(CENT, ROUND_HALF_EVEN)
        yield Derived(
            cl_ord_id=f"{real[11][:8]}-{number:04d}",
            sender=real[49],
            account=real[1][-9:],
            client=owners[real[1][-9:]],
            symbol=symbol,
            isin=isin,
            side=real[54],
            quantity=quantity,
            limit=limit,
            at=OPENING + timedelta(seconds=number * SESSION_SECONDS // ORDERS),
            value=quantity * (limit or price),
        )


def fields_of(order: Derived, number: int) -> Iterator[tuple[int, object]]:
    """Yield header and body of an order: FIX 4.2 and FIX 4.4 in turn, each as its own dictionary has it."""
    old = number % 2 == 0
    stamp = f"{order.at:%Y%m%d-%H:%M:%S}"
    yield from ((35, "D"), (34, number + 1), (49, order.sender), (52, stamp), (56, "ISTHMUS"), (11, order.cl_ord_id))
    if old:
        yield 109, order.client
    else:
        yield from ((453, 1), (448, order.client), (447, "D"), (452, CLIENT_ID_ROLE))
    yield from ((1, order.account), (21, 1), (55, order.symbol), (48, order.isin), (22, 4), (54, order.side))
    yield from ((60, stamp), (38, order.quantity), (40, 1 if order.limit is None else 2))
    if order.limit is not None:
        yield 44, order.limit
    yield from ((15, "USD"), (59, 0))


def encode(order: Derived, number: int) -> bytes:
    """Write one order as a FIX message with its right BodyLength and CheckSum."""
    version = "FIX.4.2" if number % 2 == 0 else "FIX.4.4"
    body = "".join(f"{tag}={value}\x01" for tag, value in fields_of(order, number)).encode("ascii")
    message = f"8={version}\x019={len(body)}\x01".encode("ascii") + body
    return message + f"10={sum(message) % 256:03d}\x01\n".encode("ascii")


def accounts(orders: Sequence[Derived]) -> Iterator[Row]:
    """Give each account cash for what it buys, and every fourth buyer too little, so that some orders are refused."""
    owners = {order.account: order.client for order in orders}
    names = dict(zip(sorted(set(owners.values())), GIVEN_NAMES, strict=False))
    buyers = sorted({order.account for order in orders if order.side == "1"})
    for account, client in sorted(owners.items()):
        bought = sum((order.value for order in orders if order.account == account and order.side == "1"), Decimal(0))
        share = Decimal("0.4") if account in buyers[::4] else Decimal("1.5")
        cash = int(bought * share / 1000) * 1000 + 10_000
        yield account, client, f"{names[client]} Example", "USD", f"{cash}.00"


def positions(orders: Sequence[Derived]) -> Iterator[Row]:
    """Give each account what it sells; every fifth position is half of it, so that some sells exceed it."""
    sold: dict[tuple[str, str, str], int] = {}
    for order in orders:
        if order.side == "2":
            key = (order.account, order.symbol, order.isin)
            sold[key] = sold.get(key, 0) + order.quantity
    for place, (key, quantity) in enumerate(sorted(sold.items())):
        yield *key, quantity // 2 if place % 5 == 0 else quantity


def verdicts(orders: Sequence[Derived]) -> Iterator[Row]:
    """Name the orders that surveillance rejects after they were executed: market orders of a middling value."""
    low, high = REJECTED_VALUES
    candidates = [order for order in orders if order.limit is None and low <= order.value <= high]
    for order in candidates[:: len(candidates) // REJECTED_VERDICTS][:REJECTED_VERDICTS]:
        yield order.sender, order.cl_ord_id, "REJECTED", "surveillance.wash_trade"


def table(header: Row, rows: Iterable[Row]) -> bytes:
    """Write rows as CSV with Unix line ends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows((header, *rows))
    return text.getvalue().encode("utf-8")


def cut_prices(stocks: Path) -> bytes:
    """Keep the header and the rows of the last days of the price file, as they are."""
    lines = stocks.read_bytes().splitlines(keepends=True)
    days = sorted({line.split(b",")[1] for line in lines[1:]})[-PRICE_DAYS:]
    return b"".join((lines[0], *(line for line in lines[1:] if line.split(b",")[1] >= days[0])))


def trading_day(folder: Path = FOLDER) -> dict[str, bytes]:
    """Return every derived file by name, made from the real files in the folder."""
    orders = list(derive(real_orders(folder / "orders-fix42.fix"), closes(folder / "prices.csv")))
    instruments = [(symbol, isin, "USD", name) for symbol, isin, name in INSTRUMENTS]
    return {
        "orders-priced.fix": b"".join(encode(order, number) for number, order in enumerate(orders)),
        "accounts.csv": table(("account", "client", "client_name", "currency", "opening_cash"), accounts(orders)),
        "positions.csv": table(("account", "symbol", "isin", "opening_quantity"), positions(orders)),
        "verdicts.csv": table(("sender", "cl_ord_id", "status", "rule"), verdicts(orders)),
        "instruments.csv": table(("symbol", "isin", "currency", "name"), instruments),
    }


def main() -> None:
    """Write the derived files beside this script."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stocks", type=Path, help="the whole price file (bokeh_sampledata 2026.1, stocks.csv)")
    arguments = parser.parse_args()
    if arguments.stocks:
        (FOLDER / "prices.csv").write_bytes(cut_prices(arguments.stocks))
    for name, content in trading_day().items():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
