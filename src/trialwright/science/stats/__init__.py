"""Statistics on arrays and counts: thin layers over scipy whose results carry a reason instead of NaN."""
