"""Runs boto3 with Signature Version 2 against the gateway: every line that is printed is one check that held."""
import os
import subprocess
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

BUCKET = "signature-v2"
ENDPOINT = os.environ["OORT_ENDPOINT"]


def held(what):
    print("held:", what)


def without_query(request, **_):
    # botocore 1.26 to 1.28 sign the query of their operation's own address twice, which S3 does not take either.
    request.auth_path = request.auth_path and request.auth_path.split("?")[0]


def connect(**other):
    client = boto3.client("s3", endpoint_url=ENDPOINT, config=botocore.config.Config(signature_version="s3"), **other)
    client.meta.events.register("before-sign.s3", without_query)
    return client


def expect(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
    else:
        raise AssertionError("no error, but " + code + " was due")


def curl(url, *arguments):
    run = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", *arguments, url], capture_output=True, check=True)
    body, _, status = run.stdout.rpartition(b"\n")
    return int(status), body


client = connect()
client.create_bucket(Bucket=BUCKET)
key, body = "a b+c/\u00fc", os.urandom(100_000)
client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"colour": "blue"}, ContentType="text/plain")
got = client.get_object(Bucket=BUCKET, Key=key)
assert got["Body"].read() == body and got["Metadata"] == {"colour": "blue"}
assert [o["Key"] for o in client.list_objects(Bucket=BUCKET, Prefix="a ")["Contents"]] == [key]
held("put, get and list")

upload = client.create_multipart_upload(Bucket=BUCKET, Key="m")["UploadId"]
part = client.upload_part(Bucket=BUCKET, Key="m", UploadId=upload, PartNumber=1, Body=body)["ETag"]
client.complete_multipart_upload(Bucket=BUCKET, Key="m", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]})
client.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "m"})
client.put_object_tagging(Bucket=BUCKET, Key="copy", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
assert client.get_object(Bucket=BUCKET, Key="copy")["Body"].read() == body
held("multipart upload, copy and tags")

overrides = {"ResponseContentType": 'a/b; c="d"'}
url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key, **overrides}, ExpiresIn=60)
assert "AWSAccessKeyId=" in url and "X-Amz" not in url
assert curl(url) == (200, body)
with urllib.request.urlopen(url) as answer:
    assert answer.headers["Content-Type"] == 'a/b; c="d"'
assert curl(url.replace("a%20b", "a%20c"))[0] == 403
assert curl(url.replace("response-content-type=a", "response-content-type=b"))[0] == 403
assert curl(url + "&x-amz-acl=public-read")[0] == 403
expired = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=-1)
status, said = curl(expired)
assert status == 403 and b"<Code>AccessDenied</Code>" in said and b"Request has expired" in said
held("presigned get: right, tampered with, expired")

url = client.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "p", "Metadata": {"q": "r"}}, ExpiresIn=60)
assert curl(url, "-X", "PUT", "--data-binary", "body", "-H", "Content-Type:")[0] == 200
assert client.head_object(Bucket=BUCKET, Key="p")["Metadata"] == {"q": "r"}
assert curl(url, "-X", "PUT", "--data-binary", "body", "-H", "Content-Type: a/b")[0] == 403
held("presigned put")

expect("SignatureDoesNotMatch", connect(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="another").list_buckets)
expect("InvalidAccessKeyId", connect(aws_access_key_id="nobody", aws_secret_access_key="any").list_buckets)
expect("InvalidToken", connect(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="any", aws_session_token="token").list_buckets)
expect("InvalidRequest", client.get_public_access_block, Bucket=BUCKET)
held("errors")

keys = [{"Key": o["Key"]} for o in client.list_objects(Bucket=BUCKET)["Contents"]]
assert len(client.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})["Deleted"]) == len(keys)
client.delete_bucket(Bucket=BUCKET)
held("delete")
