// Runs the AWS SDK for JavaScript at its default settings against the gateway: every line that is printed is one check that held.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, DeleteObjectsCommand,
  DeleteBucketCommand, CopyObjectCommand, PutBucketVersioningCommand, ListObjectVersionsCommand, GetObjectAttributesCommand, DeleteObjectCommand,
  RestoreObjectCommand, PutBucketLifecycleConfigurationCommand, GetBucketLifecycleConfigurationCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

const client = new S3Client({ endpoint: process.env.OORT_ENDPOINT, forcePathStyle: true, region: 'us-east-1' });
const Bucket = 'js-sdk';
const send = command => client.send(command);
const held = what => console.log(`held: ${what}`);
const bytes = async object => Buffer.from(await object.Body.transformToByteArray());

await send(new CreateBucketCommand({ Bucket }));
const small = randomBytes(70_000);
const put = await send(new PutObjectCommand({ Bucket, Key: 'a/small', Body: small, Metadata: { colour: 'blue' }, ContentType: 'x/y' }));
assert.equal(put.ETag, `"${createHash('md5').update(small).digest('hex')}"`);
assert.ok(put.ChecksumCRC32, 'the default checksum is returned');
const got = await send(new GetObjectCommand({ Bucket, Key: 'a/small' }));
assert.deepEqual(await bytes(got), small);
assert.equal(got.Metadata.colour, 'blue');
assert.equal(got.ContentType, 'x/y');
held('put and get with the default checksum');

const streamed = randomBytes(300_000);
await send(new PutObjectCommand({ Bucket, Key: 'a/streamed', Body: Readable.from([streamed.subarray(0, 100_000), streamed.subarray(100_000)]), ContentLength: streamed.length }));
assert.deepEqual(await bytes(await send(new GetObjectCommand({ Bucket, Key: 'a/streamed' }))), streamed);
held('put of a stream (unsigned trailer)');

const large = randomBytes(17 * 1024 * 1024 + 3);
await new Upload({ client, params: { Bucket, Key: 'large', Body: large } }).done();
assert.deepEqual(await bytes(await send(new GetObjectCommand({ Bucket, Key: 'large' }))), large);
const attributes = await send(new GetObjectAttributesCommand({ Bucket, Key: 'large', ObjectAttributes: ['ETag', 'ObjectParts', 'ObjectSize', 'Checksum'] }));
assert.equal(attributes.ObjectSize, large.length);
assert.equal(attributes.ObjectParts.TotalPartsCount, 4);
held('multipart upload and its attributes');

for (const Key of ['/k/leading', 'k/../x', 'k//y', 'k/ä ö+%25', 'k/😀', 'k/a&b=c?d#e', "k/'quote\"", 'k/.', '../k', './k']) {
  await send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  assert.equal((await bytes(await send(new GetObjectCommand({ Bucket, Key })))).toString(), Key);
}
const odd = await send(new ListObjectsV2Command({ Bucket, Prefix: 'k/', EncodingType: 'url' }));
assert.equal(odd.KeyCount, 7);
held('odd keys');

await send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/a/small` }));
assert.equal((await send(new HeadObjectCommand({ Bucket, Key: 'copy' }))).ContentLength, small.length);
held('copy');

await assert.rejects(send(new PutObjectCommand({ Bucket, Key: 'copy', Body: 'x', IfNoneMatch: '*' })), { name: 'PreconditionFailed' });
await assert.rejects(send(new GetObjectCommand({ Bucket, Key: 'none' })), { name: 'NoSuchKey' });
held('conditional put and NoSuchKey');

await send(new PutObjectCommand({ Bucket, Key: 'cold/asked', Body: 'cold', StorageClass: 'GLACIER' }));
await send(new PutObjectCommand({ Bucket, Key: 'cold/left', Body: 'cold', StorageClass: 'GLACIER' }));
await assert.rejects(send(new GetObjectCommand({ Bucket, Key: 'cold/asked' })), { name: 'InvalidObjectState', StorageClass: 'GLACIER' });
const restore = await send(new RestoreObjectCommand({ Bucket, Key: 'cold/asked', RestoreRequest: { Days: 1, GlacierJobParameters: { Tier: 'Bulk' } } }));
assert.equal(restore.$metadata.httpStatusCode, 202);
const cold = (await send(new ListObjectsV2Command({ Bucket, Prefix: 'cold/', OptionalObjectAttributes: ['RestoreStatus'] }))).Contents;
assert.equal(typeof cold[0].RestoreStatus.IsRestoreInProgress, 'boolean');
assert.equal(cold[1].RestoreStatus, undefined);
held('archive and restore');

const Rules = [{ ID: 'r', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Transitions: [{ Date: new Date('2030-01-31T00:00:00Z'), StorageClass: 'GLACIER_IR' }] }];
const TransitionDefaultMinimumObjectSize = 'varies_by_storage_class';
await send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules }, TransitionDefaultMinimumObjectSize }));
const lifecycle = await send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
assert.deepEqual(lifecycle.Rules, Rules);
assert.equal(lifecycle.TransitionDefaultMinimumObjectSize, TransitionDefaultMinimumObjectSize);
held('lifecycle');

await send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
await send(new PutObjectCommand({ Bucket, Key: 'copy', Body: 'second' }));
await send(new DeleteObjectCommand({ Bucket, Key: 'copy' }));
const versions = await send(new ListObjectVersionsCommand({ Bucket, Prefix: 'copy' }));
assert.equal(versions.Versions.length, 2);
assert.equal(versions.DeleteMarkers.length, 1);
held('versions');

const all = await send(new ListObjectVersionsCommand({ Bucket }));
const Objects = [...all.Versions, ...(all.DeleteMarkers ?? [])].map(v => ({ Key: v.Key, VersionId: v.VersionId }));
const deleted = await send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
assert.equal(deleted.Deleted.length, Objects.length);
await send(new DeleteBucketCommand({ Bucket }));
held('multi-object delete and delete of the bucket');
