"""The validation pack: requirement, test and result, for the system and for one very study.

Every test is run right then, in a scratch database, through conduct's own actions.
"""
