"""The whole trial with virtual patients: driven through conduct's own actions, then extracted, analysed, reported."""
