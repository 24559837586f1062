# ruff: noqa: N999 (the folder is named for people; the package is isthmus.trading_day)
"""The files of a trading day, made from real FIX orders and real prices; `README.md` beside this says from which."""
