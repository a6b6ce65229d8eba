"""The fake Kafka cluster: librdkafka's own, which is in the wheel of confluent-kafka, made to follow a script.

library, cluster    the shared library, and the cluster that it has, behind plain methods
requests            what it was asked, as the ledger has it
plans               which of the next requests of each kind get which error
topics              topics and the records in them
fake                what a test sees
"""
