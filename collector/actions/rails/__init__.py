"""The reasons for which nothing is done, a file each; `guard.py` asks all of them."""
