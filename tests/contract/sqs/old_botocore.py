"""Run by a botocore that speaks the query protocol: everything that it can ask for, looked at as it parses it."""

import json
import sys

import boto3
from botocore.exceptions import ClientError

keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
sqs = boto3.client("sqs", endpoint_url=sys.argv[1], **keys)

dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
url = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy}, tags={"team": "books"})["QueueUrl"]
assert sqs.list_queues()["QueueUrls"] == [dead, url]
assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
sqs.tag_queue(QueueUrl=url, Tags={"colour": "red"})
sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"colour": "red"}
attributes = {"n": {"DataType": "Number", "StringValue": "7"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}
sent = sqs.send_message(QueueUrl=url, MessageBody="<ü>&\r\n", MessageAttributes=attributes)
assert sent["ResponseMetadata"]["RetryAttempts"] == 1
got = sqs.receive_message(
    QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0, MaxNumberOfMessages=10
)["Messages"]
assert [message["Body"] for message in got] == ["<ü>&\r\n"] * 2
assert got[0]["MessageAttributes"] == attributes
assert got[0]["Attributes"]["ApproximateReceiveCount"] == "1"
assert got[0]["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
assert "Messages" not in sqs.receive_message(QueueUrl=url)
sqs.start_message_move_task(SourceArn=arn)
(task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
assert (task["Status"], task["SourceArn"]) == ("COMPLETED", arn)
assert task["ApproximateNumberOfMessagesMoved"] >= 1
sqs.purge_queue(QueueUrl=url)
entries = [{"Id": str(number), "MessageBody": "x", "MessageAttributes": attributes} for number in range(10)]
assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(got)]
changes = [{**entry, "VisibilityTimeout": 60} for entry in entries]
assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=changes)["Successful"]) == 10
failing = [*entries[1:], {"Id": "bad", "ReceiptHandle": "?"}]
answer = sqs.delete_message_batch(QueueUrl=url, Entries=failing)
assert len(answer["Successful"]) == 9
assert answer["Failed"][0]["SenderFault"] is True
told = {}
for name, ask in (
    ("queue", lambda: sqs.get_queue_url(QueueName="no")),
    ("handle", lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle="?")),
):
    try:
        ask()
    except ClientError as error:
        told[name] = (type(error).__name__, error.response["Error"]["Code"])
assert told == {
    "queue": ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    "handle": ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
}
sqs.delete_queue(QueueUrl=url)
sys.stdout.write("as it should be\n")
