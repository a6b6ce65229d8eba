"""Pictures of the ledger: one layout, several renderings.

timeline   what is drawn and in which order: rows, lanes, bands, idle stretches; no characters, no pixels
text       the layout as the lines under a failed test
story      what became of each message of a queue, event by event, and many messages in a table
stats      the figures of one fake: calls, faults, failures, latencies
"""
