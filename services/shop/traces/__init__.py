"""Traces: the carrier searches a parcel."""
