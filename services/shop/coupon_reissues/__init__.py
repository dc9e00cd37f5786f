"""Coupon reissues: a new coupon in place of one that a customer lost through no fault of theirs."""
