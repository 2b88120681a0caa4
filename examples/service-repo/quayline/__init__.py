"""Bookings for a small river ferry."""
