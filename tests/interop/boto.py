"""Runs boto3 at its default settings against the gateway: every line that is printed is one check that held."""
import hashlib
import os
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import botocore.exceptions

client = boto3.client("s3", endpoint_url=os.environ["OORT_ENDPOINT"])
BUCKET = "boto3"


def held(what):
    print("held:", what)


def expect(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
    else:
        raise AssertionError("no error, but " + code + " was due")


client.create_bucket(Bucket=BUCKET)
body = os.urandom(200_000)
put = client.put_object(Bucket=BUCKET, Key="a", Body=body, Metadata={"colour": "blue"})
assert put["ETag"].strip('"') == hashlib.md5(body).hexdigest()
got = client.get_object(Bucket=BUCKET, Key="a")
assert got["Body"].read() == body and got["Metadata"] == {"colour": "blue"}
held("put and get")

part = client.get_object(Bucket=BUCKET, Key="a", Range="bytes=65000-66000")
assert part["Body"].read() == body[65000:66001] and part["ContentRange"] == "bytes 65000-66000/200000"
expect("InvalidRange", client.get_object, Bucket=BUCKET, Key="a", Range="bytes=200000-")
held("ranges")

upload = client.create_multipart_upload(Bucket=BUCKET, Key="m")["UploadId"]
first, last = os.urandom(5 * 1024 * 1024), os.urandom(1000)
parts = []
for number, piece in ((1, first), (7, last)):
    etag = client.upload_part(Bucket=BUCKET, Key="m", UploadId=upload, PartNumber=number, Body=piece)["ETag"]
    parts.append({"PartNumber": number, "ETag": etag})
assert [p["PartNumber"] for p in client.list_parts(Bucket=BUCKET, Key="m", UploadId=upload)["Parts"]] == [1, 7]
done = client.complete_multipart_upload(Bucket=BUCKET, Key="m", UploadId=upload, MultipartUpload={"Parts": parts})
digest = hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(last).digest()).hexdigest()
assert done["ETag"] == '"' + digest + '-2"'
assert client.get_object(Bucket=BUCKET, Key="m")["Body"].read() == first + last
assert client.get_object(Bucket=BUCKET, Key="m", PartNumber=7)["Body"].read() == last
held("multipart upload")

for key in ("d/1", "d/2", "d/e/3", "f"):
    client.put_object(Bucket=BUCKET, Key=key, Body=b"")
listed = client.list_objects_v2(Bucket=BUCKET, Prefix="d/", Delimiter="/")
assert [o["Key"] for o in listed["Contents"]] == ["d/1", "d/2"] and listed["CommonPrefixes"] == [{"Prefix": "d/e/"}]
pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
assert [o["Key"] for page in pages for o in page["Contents"]] == ["a", "d/1", "d/2", "d/e/3", "f", "m"]
held("listing")

# This boto3 presigns with Signature V2 unless told otherwise.
v4 = boto3.client("s3", endpoint_url=os.environ["OORT_ENDPOINT"], config=botocore.config.Config(signature_version="s3v4"))
url = v4.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a"}, ExpiresIn=60)
with urllib.request.urlopen(url) as answer:
    assert answer.read() == body
held("presigned get")

expect("NoSuchKey", client.get_object, Bucket=BUCKET, Key="none")
expect("NoSuchBucket", client.list_objects_v2, Bucket="no-such-bucket-here")
expect("BucketNotEmpty", client.delete_bucket, Bucket=BUCKET)
held("errors")

rules = [
    {
        "ID": "reports",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "reports/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 1024}},
        "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
        "NoncurrentVersionTransitions": [{"NoncurrentDays": 7, "NewerNoncurrentVersions": 3, "StorageClass": "DEEP_ARCHIVE"}],
    },
    {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Transitions": [{"Days": 0, "StorageClass": "GLACIER_IR"}]},
]
expect("NoSuchLifecycleConfiguration", client.get_bucket_lifecycle_configuration, Bucket=BUCKET)
client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})
assert client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == rules
early = [dict(rules[1], Transitions=[{"Days": 1, "StorageClass": "STANDARD_IA"}])]
expect("InvalidArgument", client.put_bucket_lifecycle_configuration, Bucket=BUCKET, LifecycleConfiguration={"Rules": early})
client.delete_bucket_lifecycle(Bucket=BUCKET)
expect("NoSuchLifecycleConfiguration", client.get_bucket_lifecycle_configuration, Bucket=BUCKET)
held("lifecycle")

client.put_object(Bucket=BUCKET, Key="cold", Body=b"cold", StorageClass="DEEP_ARCHIVE")
expect("InvalidObjectState", client.get_object, Bucket=BUCKET, Key="cold")
expect("ObjectNotInActiveTierError", client.copy_object, Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "cold"})
expect("InvalidObjectState", client.restore_object, Bucket=BUCKET, Key="a", RestoreRequest={"Days": 1})
bulk = {"Days": 2, "GlacierJobParameters": {"Tier": "Bulk"}}
urgent = {"Days": 2, "GlacierJobParameters": {"Tier": "Expedited"}}
expect("InvalidArgument", client.restore_object, Bucket=BUCKET, Key="cold", RestoreRequest=urgent)
assert "Restore" not in client.head_object(Bucket=BUCKET, Key="cold")
assert client.restore_object(Bucket=BUCKET, Key="cold", RestoreRequest=bulk)["ResponseMetadata"]["HTTPStatusCode"] == 202
head = client.head_object(Bucket=BUCKET, Key="cold")
assert head["StorageClass"] == "DEEP_ARCHIVE" and head["Restore"].startswith("ongoing-request="), head
for _ in range(300):
    if head["Restore"].startswith('ongoing-request="false", expiry-date="'):
        break
    time.sleep(0.2)
    head = client.head_object(Bucket=BUCKET, Key="cold")
assert client.get_object(Bucket=BUCKET, Key="cold")["Body"].read() == b"cold"
assert client.restore_object(Bucket=BUCKET, Key="cold", RestoreRequest={"Days": 9})["ResponseMetadata"]["HTTPStatusCode"] == 200
assert client.head_object(Bucket=BUCKET, Key="cold")["Restore"] != head["Restore"]
client.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "cold"})
held("archive")

owner = client.get_bucket_acl(Bucket=BUCKET)["Owner"]["ID"]
everybody = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
expect("AccessControlListNotSupported", client.put_object_acl, Bucket=BUCKET, Key="a", ACL="public-read")
client.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
assert client.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "ObjectWriter"}]
expect("AccessDenied", client.put_object_acl, Bucket=BUCKET, Key="a", ACL="public-read")
client.delete_public_access_block(Bucket=BUCKET)
address = os.environ["OORT_ENDPOINT"].rstrip("/") + "/" + BUCKET + "/a"
client.put_object_acl(Bucket=BUCKET, Key="a", ACL="public-read")
assert urllib.request.urlopen(address).read() == body
shown = client.get_object_acl(Bucket=BUCKET, Key="a")
assert [(g["Grantee"]["Type"], g["Permission"]) for g in shown["Grants"]] == [("Group", "READ"), ("CanonicalUser", "FULL_CONTROL")], shown
private = {"Owner": shown["Owner"], "Grants": shown["Grants"][1:]}
client.put_object_acl(Bucket=BUCKET, Key="a", AccessControlPolicy=private)
try:
    urllib.request.urlopen(address)
    raise AssertionError("the list was taken back")
except urllib.error.HTTPError as error:
    assert error.code == 403
client.put_bucket_acl(Bucket=BUCKET, GrantRead='uri="' + everybody["URI"] + '"', GrantFullControl='id="' + owner + '"')
assert [g["Permission"] for g in client.get_bucket_acl(Bucket=BUCKET)["Grants"]] == ["READ", "FULL_CONTROL"]
expect("InvalidArgument", client.put_bucket_acl, Bucket=BUCKET, GrantRead='id="_foo"')
expect("InvalidBucketAclWithObjectOwnership", client.put_bucket_ownership_controls, Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
held("lists")

keys = [{"Key": o["Key"]} for o in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
assert len(client.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})["Deleted"]) == len(keys)
client.delete_bucket(Bucket=BUCKET)
held("delete")
