"""Reminders before a certificate expires: the schedule, the menu, the calendar file, the service.

It never looks a certificate up; the job that asks the authority tells it.
"""
