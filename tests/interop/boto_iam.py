"""Runs boto3's IAM and STS clients at their default settings against the gateway: every line that is printed is one check that held."""
import json
import os

import boto3
import botocore.exceptions

ENDPOINT = os.environ["OORT_ENDPOINT"]


def held(what):
    print("held:", what)


def expect(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
    else:
        raise AssertionError("no error, but " + code + " was due")


def client(service, credentials=None):
    keys = {} if credentials is None else {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials.get("SessionToken"),
    }
    return boto3.client(service, endpoint_url=ENDPOINT, **keys)


def policy(effect, action, resource):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]})


iam, sts, s3 = client("iam"), client("sts"), client("s3")
s3.create_bucket(Bucket="boto-iam")
s3.put_object(Bucket="boto-iam", Key="shared/a", Body=b"a")
s3.put_object(Bucket="boto-iam", Key="other/b", Body=b"b")

user = iam.create_user(UserName="boto-anna", Path="/staff/", Tags=[{"Key": "team", "Value": "blue"}])["User"]
assert user["Arn"].endswith(":user/staff/boto-anna") and iam.get_user(UserName="boto-anna")["User"]["Tags"] == [{"Key": "team", "Value": "blue"}]
for number in range(12):
    iam.create_user(UserName=f"boto-{number:02}")
names = [one["UserName"] for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 5}) for one in page["Users"]]
assert [name for name in names if name.startswith("boto-")] == [f"boto-{number:02}" for number in range(12)] + ["boto-anna"], names
expect("EntityAlreadyExists", iam.create_user, UserName="BOTO-anna")
held("users")

key = iam.create_access_key(UserName="boto-anna")["AccessKey"]
anna = client("s3", key)
expect("AccessDenied", anna.list_objects_v2, Bucket="boto-iam")
iam.put_user_policy(UserName="boto-anna", PolicyName="shared", PolicyDocument=policy("Allow", ["s3:GetObject"], "arn:aws:s3:::boto-iam/shared/*"))
assert anna.get_object(Bucket="boto-iam", Key="shared/a")["Body"].read() == b"a"
expect("AccessDenied", anna.get_object, Bucket="boto-iam", Key="other/b")
assert iam.get_user_policy(UserName="boto-anna", PolicyName="shared")["PolicyDocument"]["Statement"][0]["Effect"] == "Allow"
expect("MalformedPolicyDocument", iam.put_user_policy, UserName="boto-anna", PolicyName="bad", PolicyDocument="{}")
held("keys and policies of one's own")

managed = iam.create_policy(PolicyName="boto-list", PolicyDocument=policy("Allow", "s3:ListBucket", "*"))["Policy"]["Arn"]
iam.create_group(GroupName="boto-readers")
iam.attach_group_policy(GroupName="boto-readers", PolicyArn=managed)
iam.add_user_to_group(GroupName="boto-readers", UserName="boto-anna")
assert anna.list_objects_v2(Bucket="boto-iam")["KeyCount"] == 2
assert [one["UserName"] for one in iam.get_group(GroupName="boto-readers")["Users"]] == ["boto-anna"]
assert iam.list_entities_for_policy(PolicyArn=managed)["PolicyGroups"][0]["GroupName"] == "boto-readers"
expect("DeleteConflict", iam.delete_policy, PolicyArn=managed)
held("groups and managed policies")

session = sts.get_session_token(DurationSeconds=900)["Credentials"]
assert client("s3", session).list_buckets()["Buckets"]
assert client("sts", key).get_caller_identity()["Arn"] == user["Arn"]
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole"}]})
role = iam.create_role(RoleName="boto-writer", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.put_role_policy(RoleName="boto-writer", PolicyName="write", PolicyDocument=policy("Allow", "s3:PutObject", "*"))
assumed = client("sts", key).assume_role(RoleArn=role, RoleSessionName="boto", Policy=policy("Allow", "s3:*", "arn:aws:s3:::boto-iam/shared/*"))
writer = client("s3", assumed["Credentials"])
writer.put_object(Bucket="boto-iam", Key="shared/c", Body=b"c")
expect("AccessDenied", writer.put_object, Bucket="boto-iam", Key="other/c", Body=b"c")
expect("AccessDenied", writer.get_object, Bucket="boto-iam", Key="shared/a")
expect("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="root")
assert client("sts", assumed["Credentials"]).get_caller_identity()["Arn"] == assumed["AssumedRoleUser"]["Arn"]
wrong = dict(assumed["Credentials"], SessionToken=session["SessionToken"])
expect("InvalidToken", client("s3", wrong).list_buckets)
held("sessions and roles")

iam.update_access_key(UserName="boto-anna", AccessKeyId=key["AccessKeyId"], Status="Inactive")
expect("InvalidAccessKeyId", anna.list_objects_v2, Bucket="boto-iam")
iam.delete_role_policy(RoleName="boto-writer", PolicyName="write")
iam.delete_role(RoleName="boto-writer")
expect("InvalidToken", writer.put_object, Bucket="boto-iam", Key="shared/d", Body=b"d")
iam.delete_access_key(UserName="boto-anna", AccessKeyId=key["AccessKeyId"])
iam.delete_user_policy(UserName="boto-anna", PolicyName="shared")
iam.remove_user_from_group(GroupName="boto-readers", UserName="boto-anna")
for name in [name for name in names if name.startswith("boto-")]:
    iam.delete_user(UserName=name)
iam.detach_group_policy(GroupName="boto-readers", PolicyArn=managed)
iam.delete_group(GroupName="boto-readers")
iam.delete_policy(PolicyArn=managed)
held("the end of all of them")
