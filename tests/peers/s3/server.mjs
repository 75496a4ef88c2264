// An S3 server on a free port of 127.0.0.1: server.mjs FOLDER. Says where it listens.
import S3rver from 's3rver';

const server = new S3rver({ address: '127.0.0.1', port: 0, directory: process.argv[2], silent: true });

// It takes a range that ends with byte 0 for one without an end. A number that is an object is 0, and is there.
const getObject = server.store.getObject;
server.store.getObject = function (bucket, key, options) {
  return getObject.call(this, bucket, key, options?.end === 0 ? { ...options, end: Object(0) } : options);
};

const { port } = await server.run();
console.log(`ready http://127.0.0.1:${port}`);
