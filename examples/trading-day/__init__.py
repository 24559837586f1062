"""The files of a trading day, made from real FIX orders and real prices; `README.md` beside this says from which."""
