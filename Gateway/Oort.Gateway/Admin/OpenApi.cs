using System.Text.Json.Nodes;

namespace Oort.Gateway;

/// <summary>The OpenAPI 3.0 document of the admin API, one line an operation.</summary>
internal static class OpenApi
{
    private static readonly (string Method, string Path, string Summary, string[] Query, string[] Body)[] Operations =
    [
        ("get", "status", "State of the gateway, its stores and its data.", [], []),
        ("get", "disks", "The disks with what they hold.", [], []),
        ("post", "disks", "Takes a new, empty directory as a further disk.", [], ["path"]),
        ("post", "disks/{disk}/replace", "Gives up a disk and refills a new one in its place.", [], ["path"]),
        ("post", "disks/{disk}/drain", "Moves everything off a disk, then removes it.", [], []),
        ("get", "nodes", "The storage nodes.", [], []),
        ("post", "nodes/invite", "A token with which one node may join; it is shown this once.", [], ["urls", "expiresSeconds", "operator", "country", "region", "network", "pricePerTebibyteMonth", "vetting"]),
        ("get", "nodes/{node}", "One node: what happened to it, what audits have shown of it, and why it was punished.", [], []),
        ("post", "nodes/{node}/pause", "Gives a node no new shards until it is resumed.", [], []),
        ("post", "nodes/{node}/resume", "Gives a node new shards again.", [], []),
        ("post", "nodes/{node}/drain", "Moves everything off a node, then removes it.", [], []),
        ("post", "nodes/{node}/remove", "Gives up a node that is gone for good.", [], []),
        ("post", "nodes/{node}/replace", "Begins a new store on a node whose disk is empty for good.", [], []),
        ("get", "objects", "Where each shard of a version lies.", ["bucket", "key", "versionId"], []),
        ("post", "scrub", "Starts a job that reads and, with repair, mends everything the disks hold.", [], ["repair"]),
        ("post", "fsck", "Starts a job that traces references both ways and, with repair, mends them.", [], ["repair"]),
        ("post", "drill", "Starts a job that recovers a sample from the stores beside the running system, and compares it.", [], ["objects", "bytes"]),
        ("post", "metadata/migrate", "Starts a job that moves the metadata from SQLite to an empty PostgreSQL database, while the gateway serves.", [], ["to"]),
        ("get", "networks", "The outside networks with what is there, and what does not get on.", [], []),
        ("post", "networks", "Adds an outside network; its secrets are sealed and never shown.", [], ["name", "kind", "settings", "secrets", "operator", "region", "country"]),
        ("post", "networks/{network}/test", "Whether a network is there, lets the account in, and takes items.", [], []),
        ("post", "networks/{network}/drain", "Gives a network nothing new, and rebuilds what only it holds elsewhere.", [], []),
        ("post", "networks/{network}/resume", "Takes back a drain.", [], []),
        ("delete", "networks/{network}", "Forgets a network that was drained and holds nothing any more.", [], []),
        ("get", "tiers", "The storage classes with the policies of their objects, and what was moved between them.", [], []),
        ("put", "tiers/{class}", "Says which placement policy new objects of a class come under.", [], ["policy"]),
        ("post", "tiers/{class}/drain", "Gives a class up: it takes nothing new, and its objects move to another.", [], ["to"]),
        ("post", "tiers/{class}/resume", "Takes a class into use again.", [], []),
        ("delete", "tiers/{class}", "Takes the policy away from a class that is drained.", [], []),
        ("get", "buckets/{bucket}", "A bucket: where its objects go, which of these stores never delete, and what is being moved.", [], []),
        ("post", "buckets/{bucket}/migrate", "Brings all versions to where the bucket's placement policies say now.", [], ["policy"]),
        ("delete", "buckets/{bucket}/migrate", "Ends that where it is.", [], []),
        ("get", "placement", "Placement policies, their assignments, and what they mean with the present stores.", [], []),
        ("get", "placement/stores", "The stores with everything that placement knows of them.", [], []),
        ("get", "placement/policies/{name}", "One policy.", [], []),
        ("put", "placement/policies/{name}", "Sets a policy; refused when the present stores cannot keep it, unless forced.", [], ["policy", "force"]),
        ("delete", "placement/policies/{name}", "Removes a policy that is not assigned; its segments come under the default one.", [], []),
        ("post", "placement/check", "What a policy would mean with the present stores. Changes nothing.", [], ["policy"]),
        ("post", "placement/assign", "Says which policy holds for a bucket, a storage class, or both; without policy none in particular.", [], ["bucket", "storageClass", "policy"]),
        ("get", "placement/stores/{store}", "A store with its reputation: scores, presence, open audits, and why it was punished.", [], []),
        ("get", "placement/rebalance", "How far the moving of shards is.", [], []),
        ("post", "placement/rebalance", "Starts, pauses or resumes the moving of shards.", [], ["action"]),
        ("post", "quote", "What data would cost under each policy, before anything is written; money is in US dollars.", [], ["bytes", "objects", "months", "bucket", "together"]),
        ("get", "cost", "What is on outside networks, and what was spent in a month (this one, where none is named), by network, kind and bucket; money is in US dollars.", ["month"], []),
        ("post", "cost/count", "Counts what was spent up to now, which is done once an hour otherwise, and answers as GET cost.", [], []),
        ("get", "budgets", "What may be spent in a month, and how much is.", [], []),
        ("put", "budgets", "Sets what may be spent in a month, on one network, for one bucket, or on all together; without dollars there is no limit any more.", [], ["network", "bucket", "dollars", "emergency"]),
        ("get", "usage", "What the accounts that have buckets use and may use, a thousand at a time in the order of their ids; next is what to go on after.", ["after"], []),
        ("get", "quotas/buckets/{bucket}", "What a bucket uses and may use.", [], []),
        ("put", "quotas/buckets/{bucket}", "Sets a bucket's quota, in the place of the one that it has: bytes, objects, or both.", [], ["bytes", "objects"]),
        ("delete", "quotas/buckets/{bucket}", "Takes a bucket's quota away.", [], []),
        ("get", "quotas/accounts/{account}", "What the buckets of an account use together and may use; it is named by its canonical id or its number.", [], []),
        ("put", "quotas/accounts/{account}", "Sets an account's quota, in the place of the one that it has: bytes, objects, or both.", [], ["bytes", "objects"]),
        ("delete", "quotas/accounts/{account}", "Takes an account's quota away.", [], []),
        ("get", "notifications", "The webhooks that buckets may send events to, and what waits for them.", [], []),
        ("put", "notifications/{name}", "Declares a webhook, or gives one another URL and secret; the answer alone shows the secret.", [], ["url", "secret"]),
        ("delete", "notifications/{name}", "Takes a webhook away; events that wait for it are given up.", [], []),
        ("get", "notifications/{name}/dead", "Events that were given up, oldest first; next is what to go on after.", ["after"], []),
        ("post", "notifications/{name}/dead/retry", "Sends a given-up event again, or all of the webhook.", [], ["id"]),
        ("post", "notifications/{name}/dead/drop", "Forgets a given-up event, or all of the webhook.", [], ["id"]),
        ("post", "durability", "Starts a job that works out how safe what is stored is.", [], ["annualLoss", "windowHours"]),
        ("post", "durability/what-if", "Starts a job that works out what would be left if a store or a domain of stores were gone.", [], ["lose", "objects"]),
        ("post", "collect", "Runs the collector once.", [], []),
        ("get", "metadata/backup", "A sealed backup of the metadata (docs/formats/backup.md): bytes, not JSON; x-oort-generation says of which instant.", [], []),
        ("get", "keys", "The key-encryption keys, and how far a rotation is.", [], []),
        ("post", "keys/rotate", "Makes a new key-encryption key; data keys are wrapped anew in the background.", [], ["destroyAfterDays"]),
        ("post", "keys/{version}/destroy", "Has an old key-encryption key destroyed when nothing uses it any more.", [], []),
        ("get", "clock", "The clock by which retentions of locked versions end.", [], []),
        ("post", "clock/confirm", "Says that the clock is right after it jumped forward; now is the time that it is.", [], ["now"]),
        ("get", "kms", "The keys with names (SSE-KMS).", [], []),
        ("post", "kms/create", "Makes a key with a name.", [], ["name"]),
        ("post", "kms/rotate", "Makes a new version of a key with a name; what lies under the others stays readable.", [], ["name"]),
        ("post", "kms/destroy", "Destroys a key with a name at once: objects under it can never be read again.", [], ["name"]),
        ("get", "shred", "How far the keys of deleted data are gone from journals and snapshots.", [], []),
        ("post", "shred", "Starts a job that rewrites journals and snapshots without the keys of deleted data.", [], []),
        ("get", "erased", "What became of a data id, or of the data of a deleted version.", ["data", "versionId"], []),
        ("post", "snapshot", "Writes a snapshot of the namespace.", [], []),
        ("post", "recovery/confirm", "After a recovery: lets the collector delete again.", [], []),
        ("get", "imports", "The buckets that are being imported, and how far each is.", [], []),
        ("post", "imports", "Begins to import a bucket from another S3 service, or another pass of an import.", [], ["bucket", "endpoint", "region", "addressing", "sourceBucket", "prefix", "accessKey", "secretKey", "sessionToken", "concurrency", "bytesPerSecond", "lazy"]),
        ("get", "imports/{bucket}", "How far one import is, and what it could not copy.", [], []),
        ("post", "imports/{bucket}/pause", "Stops copying in the background; what is asked for is still fetched.", [], []),
        ("post", "imports/{bucket}/resume", "Goes on copying.", [], []),
        ("post", "imports/{bucket}/end", "Ends the import and forgets the source's keys; what has come stays.", [], []),
        ("get", "accounts", "The accounts (tenants) of the gateway.", [], []),
        ("post", "accounts", "Makes an account with a key of its root; the secret is shown this once.", [], ["name", "email", "number"]),
        ("get", "accounts/{account}", "One account: what it has, and the keys of its root.", [], []),
        ("patch", "accounts/{account}", "Renames an account, gives it another e-mail address (an empty one: none), suspends or resumes it.", [], ["name", "email", "suspended"]),
        ("delete", "accounts/{account}", "Removes an account that is suspended and owns nothing any more.", [], []),
        ("post", "accounts/{account}/keys", "Makes a further key of the account's root; the secret is shown this once.", [], []),
        ("delete", "accounts/{account}/keys/{key}", "Removes a key of the account's root.", [], []),
        ("post", "accounts/{account}/end-sessions", "Ends all sessions of a user, of a role, or, with neither, of the account's root.", [], ["user", "role"]),
        ("post", "access/explain", "Who may do what, and which statement says so: one action; without action all that a principal may on a bucket; without principal who may do what with it.", [], ["principal", "action", "resource", "context"]),
        ("get", "jobs/{id}", "State, progress and result of a job.", [], []),
        ("get", "openapi.json", "This document.", [], []),
    ];

    public static JsonObject Document
    {
        get
        {
            var paths = new JsonObject();
            foreach (var (method, path, summary, query, body) in Operations)
            {
                var parameters = new JsonArray();
                foreach (var part in path.Split('/').Where(p => p.StartsWith('{'))) parameters.Add(Parameter(part.Trim('{', '}'), "path", required: true));
                foreach (var name in query) parameters.Add(Parameter(name, "query", required: name is not ("versionId" or "data" or "month" or "after")));
                var operation = new JsonObject
                {
                    ["summary"] = summary,
                    ["parameters"] = parameters,
                    ["responses"] = new JsonObject
                    {
                        ["200"] = new JsonObject { ["description"] = "Done; JSON." },
                        ["default"] = new JsonObject { ["description"] = "Refused; JSON with code and message." },
                    },
                };
                if (body.Length > 0) operation["requestBody"] = Body(body);
                var key = "/" + path;
                if (paths[key] is not JsonObject item) paths[key] = item = [];
                item[method] = operation;
            }

            return new JsonObject
            {
                ["openapi"] = "3.0.3",
                ["info"] = new JsonObject { ["title"] = "Oort admin API", ["version"] = "1", ["description"] = "Signed with AWS Signature Version 4 (service s3) by the root user." },
                ["servers"] = new JsonArray(new JsonObject { ["url"] = "/_oort/admin/v1" }),
                ["paths"] = paths,
            };
        }
    }

    private static JsonObject Parameter(string name, string place, bool required) =>
        new() { ["name"] = name, ["in"] = place, ["required"] = required, ["schema"] = new JsonObject { ["type"] = "string" } };

    private static JsonObject Body(string[] names)
    {
        var properties = new JsonObject();
        foreach (var name in names) properties[name] = new JsonObject { ["type"] = TypeOf(name, names) };
        return new JsonObject { ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "object", ["properties"] = properties } } } };
    }

    private static string TypeOf(string name, string[] names) => name switch
    {
        "bytes" => "integer",
        "objects" when names.Contains("bytes") => "integer",
        "repair" or "force" or "objects" or "lazy" or "vetting" or "suspended" => "boolean",
        "concurrency" or "bytesPerSecond" or "expiresSeconds" or "together" => "integer",
        "windowHours" or "months" or "dollars" or "emergency" or "pricePerTebibyteMonth" or "destroyAfterDays" => "number",
        "urls" => "array",
        "annualLoss" or "context" => "object",
        // A policy is an object where it is set, and a name where it is assigned.
        "policy" => names.Contains("bucket") ? "string" : "object",
        _ => "string",
    };
}
