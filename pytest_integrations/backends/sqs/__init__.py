"""The fake SQS service: Amazon's queue service with both of its protocols, on our own HTTP wire.

errors, attributes, content            what SQS says no to: its errors, the settings of queues, what is in a message
message, queue, agenda, story, store   the state: messages in queues, what is due when, and what the ledger is told
sending, receiving, settling, batch,
queues, moving, polling, attempts      what clients can ask for
json_dialect, query_dialect            the two protocols
call, effects, service, fake           the wire, and what a test sees
"""
