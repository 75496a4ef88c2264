// Runs the minio client for JavaScript at its default settings against the gateway.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client } from 'minio';

const endpoint = new URL(process.env.OORT_ENDPOINT);
const client = new Client({
  endPoint: endpoint.hostname, port: Number(endpoint.port), useSSL: false,
  accessKey: process.env.AWS_ACCESS_KEY_ID, secretKey: process.env.AWS_SECRET_ACCESS_KEY,
});
const bucket = 'minio-js';
const held = what => console.log(`held: ${what}`);
const read = async stream => { const parts = []; for await (const part of stream) parts.push(part); return Buffer.concat(parts); };

await client.makeBucket(bucket, 'us-east-1');
assert.equal(await client.bucketExists(bucket), true);
const body = randomBytes(100_000);
await client.putObject(bucket, 'dir/a b+c', body, body.length, { 'X-Amz-Meta-Colour': 'blue' });
assert.deepEqual(await read(await client.getObject(bucket, 'dir/a b+c')), body);
const stat = await client.statObject(bucket, 'dir/a b+c');
assert.equal(stat.size, body.length);
assert.equal(stat.metaData.colour, 'blue');
held('put, get, stat');

assert.deepEqual(await read(await client.getPartialObject(bucket, 'dir/a b+c', 1000, 500)), body.subarray(1000, 1500));
held('range');

const large = randomBytes(70 * 1024 * 1024);
await client.putObject(bucket, 'large', large, large.length);
assert.deepEqual(await read(await client.getObject(bucket, 'large')), large);
held('multipart upload');

const url = await client.presignedGetObject(bucket, 'dir/a b+c', 60);
assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), body);
const putUrl = await client.presignedPutObject(bucket, 'presigned', 60);
assert.equal((await fetch(putUrl, { method: 'PUT', body: 'by url' })).status, 200);
held('presigned get and put');

const names = [];
for await (const item of client.listObjectsV2(bucket, '', true)) names.push(item.name);
assert.deepEqual(names, ['dir/a b+c', 'large', 'presigned']);
held('list');

await client.removeObjects(bucket, names);
await client.removeBucket(bucket);
held('remove');
