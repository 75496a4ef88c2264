using System.CommandLine;
using System.Text.Json;
using System.Xml.Linq;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort user list|create|show|key|disable-key|enable-key|delete-key|allow|deny|revoke|delete</c>: users of the account whose keys sign, by the gateway's IAM.</summary>
internal static class UserVerb
{
    private const string Canned = "readonly, readwrite, writeonly, admin, or a file of JSON.";

    public static Command Create() => new("user", "Manage users of the account whose keys sign: each account its own.")
    {
        Verb("list", "Show the users with groups, policies and keys.", [], [], async (client, _, _, stop) => await UserDirectory.ListAsync(client, stop), PrintTable),
        CreateUser(),
        Verb("show", "Show one user.", [Name()], [], async (client, parsed, given, stop) => new { users = new[] { await UserDirectory.ShowAsync(client, parsed.GetRequiredValue(given[0]), stop) } }, PrintTable),
        Key(),
        SetKey("disable-key", "Stop a key; enable-key lets it in again.", "Inactive"),
        SetKey("enable-key", "Let a disabled key in again.", "Active"),
        Verb("delete-key", "Delete a key for good.", [Name(), AccessKey()], [], async (client, parsed, given, stop) =>
        {
            await client.SendAsync("DeleteAccessKey", stop, ("UserName", parsed.GetRequiredValue(given[0])), ("AccessKeyId", parsed.GetRequiredValue(given[1])));
            return await ShownAsync(client, parsed.GetRequiredValue(given[0]), stop);
        }, PrintTable),
        Put("allow", "Allow a user something.", isAllow: true),
        Put("deny", "Deny a user something, whatever else allows it.", isAllow: false),
        Verb("revoke", "Take a policy away from a user.", [Name(), new("POLICY") { Description = "Name or ARN, as oort user show has it." }], [], async (client, parsed, given, stop) =>
        {
            var (name, policy) = (parsed.GetRequiredValue(given[0]), parsed.GetRequiredValue(given[1]));
            if (policy.StartsWith("arn:", StringComparison.Ordinal)) await client.SendAsync("DetachUserPolicy", stop, ("UserName", name), ("PolicyArn", policy));
            else await client.SendAsync("DeleteUserPolicy", stop, ("UserName", name), ("PolicyName", policy));
            return await ShownAsync(client, name, stop);
        }, PrintTable),
        Delete(),
    };

    private static Command CreateUser()
    {
        var policy = new Option<string>("--policy") { Description = $"What he may do: {Canned} Without it, nothing yet.", HelpName = "POLICY" };
        var (bucket, prefix) = Place();
        var groups = new Option<string[]>("--group") { Description = "A group that he joins. Several: repeat it.", HelpName = "NAME" };
        return Verb("create", "Make a user with a key, whose secret is shown this once.", [Name()], [policy, bucket, prefix, groups], async (client, parsed, given, stop) =>
        {
            var name = parsed.GetRequiredValue(given[0]);
            var text = parsed.GetValue(policy) is { } what ? CannedPolicy.Read(what, parsed.GetValue(bucket), parsed.GetValue(prefix)) : default;
            await client.SendAsync("CreateUser", stop, ("UserName", name));
            try
            {
                if (text.Name is not null) await client.SendAsync("PutUserPolicy", stop, ("UserName", name), ("PolicyName", text.Name), ("PolicyDocument", text.Text));
                foreach (var group in parsed.GetValue(groups) ?? []) await client.SendAsync("AddUserToGroup", stop, ("UserName", name), ("GroupName", group));
                return await MakeKeyAsync(client, name, parsed.GetValue(policy), parsed.GetValue(bucket), parsed.GetValue(prefix), stop);
            }
            catch (AdminException)
            {
                // Half a user is of no use to anybody, and the same line is to work when it is put right.
                await UserDirectory.DeleteAsync(client, name, CancellationToken.None);
                throw;
            }
        }, PrintKey);
    }

    private static Command Key()
    {
        var replace = new Option<bool>("--replace") { Description = "All older keys of his stop working." };
        return Verb("key", "Make a user a further key (at most two), whose secret is shown this once.", [Name()], [replace], async (client, parsed, given, stop) =>
        {
            var name = parsed.GetRequiredValue(given[0]);
            if (!parsed.GetValue(replace)) return await MakeKeyAsync(client, name, null, null, null, stop);
            var old = (await UserDirectory.KeysAsync(client, name, stop)).OrderBy(key => key.Created).ToList();
            // There is room for two: the older one goes first, the other when the new one is there.
            if (old.Count > 1) await DeleteKeyAsync(old[0].AccessKey);
            var made = await MakeKeyAsync(client, name, null, null, null, stop);
            foreach (var key in old.Skip(old.Count > 1 ? 1 : 0)) await DeleteKeyAsync(key.AccessKey);
            return made;

            Task DeleteKeyAsync(string key) => client.SendAsync("DeleteAccessKey", stop, ("UserName", name), ("AccessKeyId", key));
        }, PrintKey);
    }

    private static Command SetKey(string verb, string help, string status) => Verb(verb, help, [Name(), AccessKey()], [], async (client, parsed, given, stop) =>
    {
        var name = parsed.GetRequiredValue(given[0]);
        await client.SendAsync("UpdateAccessKey", stop, ("UserName", name), ("AccessKeyId", parsed.GetRequiredValue(given[1])), ("Status", status));
        return await ShownAsync(client, name, stop);
    }, PrintTable);

    private static Command Put(string verb, string help, bool isAllow)
    {
        var policy = new Option<string>("--policy") { Description = isAllow ? Canned : "readonly, readwrite, writeonly, admin: what he may not do.", HelpName = "POLICY", Required = true };
        var (bucket, prefix) = Place();
        return Verb(verb, help, [Name()], [policy, bucket, prefix], async (client, parsed, given, stop) =>
        {
            var name = parsed.GetRequiredValue(given[0]);
            var text = CannedPolicy.Read(parsed.GetRequiredValue(policy), parsed.GetValue(bucket), parsed.GetValue(prefix), isAllow);
            await client.SendAsync("PutUserPolicy", stop, ("UserName", name), ("PolicyName", text.Name), ("PolicyDocument", text.Text));
            return await ShownAsync(client, name, stop);
        }, PrintTable);
    }

    private static Command Delete()
    {
        var yes = Confirmation.Option();
        return Verb("delete", "Delete a user with all keys and policies of his.", [Name()], [yes], async (client, parsed, given, stop) =>
        {
            var user = await UserDirectory.ShowAsync(client, parsed.GetRequiredValue(given[0]), stop);
            Confirmation.Ask(parsed.GetValue(yes), $"Delete user {user.Name} with {user.Keys.Count} keys and {user.Policies.Count} policies?");
            await UserDirectory.DeleteAsync(client, user.Name, stop);
            return new { deleted = user.Name };
        }, answer => Console.Out.WriteLine($"User {answer.GetProperty("deleted")} is deleted."));
    }

    private static async Task<object> MakeKeyAsync(IamClient client, string name, string? policy, string? bucket, string? prefix, CancellationToken stop)
    {
        var key = (await client.SendAsync("CreateAccessKey", stop, ("UserName", name))).Element("AccessKey")!;
        var (id, secret) = (key.Element("AccessKeyId")!.Value, key.Element("SecretAccessKey")!.Value);
        var place = bucket is null ? "" : $" s3://{bucket}/{prefix}";
        var command = policy == "writeonly" ? $"s3 cp FILE {(place.Length == 0 ? "s3://BUCKET/" : place.Trim())}" : $"s3 ls{place}";
        return new { user = name, accessKey = id, secretKey = secret, aws = $"AWS_ACCESS_KEY_ID={id} AWS_SECRET_ACCESS_KEY={secret} aws --endpoint-url {client.Endpoint.ToString().TrimEnd('/')} {command}" };
    }

    private static async Task<object> ShownAsync(IamClient client, string name, CancellationToken stop) => new { users = new[] { await UserDirectory.ShowAsync(client, name, stop) } };

    private static Command Verb(string name, string help, Argument<string>[] arguments, Option[] options, Func<IamClient, ParseResult, Argument<string>[], CancellationToken, Task<object>> act, Action<JsonElement> print)
    {
        var remote = new RemoteFlags();
        var command = new Command(name, help);
        foreach (var argument in arguments) command.Arguments.Add(argument);
        foreach (var option in options) command.Options.Add(option);
        remote.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = remote.ConnectIam(parsed);
            var answer = JsonSerializer.SerializeToElement(await act(client, parsed, arguments, cancellationToken), JsonSerializerOptions.Web);
            if (remote.IsJson(parsed)) Output.Json(answer);
            else print(answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static Argument<string> Name() => new("USER") { Description = "Name of the user." };

    private static Argument<string> AccessKey() => new("KEY") { Description = "Access key." };

    private static (Option<string> Bucket, Option<string> Prefix) Place() =>
        (new("--bucket") { Description = "Only in this bucket (default: all of the account's).", HelpName = "BUCKET" }, new("--prefix") { Description = "Only keys that begin so.", HelpName = "PREFIX" });

    private static void PrintKey(JsonElement answer) =>
        Console.Out.WriteLine($"User:       {answer.GetProperty("user")}\nAccess key: {answer.GetProperty("accessKey")}\nSecret key: {answer.GetProperty("secretKey")}   (shown only now)\n\n{answer.GetProperty("aws")}");

    private static void PrintTable(JsonElement answer) => Output.Table(["user", "groups", "policies", "key", "state", "last used"], answer.GetProperty("users").EnumerateArray().SelectMany(user =>
    {
        var keys = user.GetProperty("keys").EnumerateArray().ToArray();
        string[] first = [user.GetProperty("name").ToString(), Joined(user, "groups"), Joined(user, "policies")];
        if (keys.Length == 0) return (IEnumerable<IReadOnlyList<string>>)[[.. first, "-", "", ""]];
        // The second key is a line of its own.
        return keys.Select((key, index) => (IReadOnlyList<string>)
        [
            .. index == 0 ? first : ["", "", ""], key.GetProperty("accessKey").ToString(), key.GetProperty("isActive").GetBoolean() ? "active" : "disabled",
            key.GetProperty("lastUsed") is { ValueKind: JsonValueKind.String } used ? $"{used.GetDateTimeOffset():yyyy-MM-dd HH:mm} {key.GetProperty("service")}" : "never",
        ]);
    }));

    private static string Joined(JsonElement user, string name) => string.Join(", ", user.GetProperty(name).EnumerateArray().Select(one => one.GetString()));
}
