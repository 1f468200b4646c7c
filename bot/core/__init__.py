"""What every wing stands on: the clock, tasks, worker threads, logs, traces, correlation ids and the wake-up signal.

It never knows a table, a customer, a messenger or a setting.
"""
