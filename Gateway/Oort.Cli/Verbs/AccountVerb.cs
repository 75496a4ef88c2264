using System.CommandLine;
using System.Text.Json;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary><c>oort account list|create|show|rename|suspend|resume|key|end-sessions|delete</c>: the tenants of the gateway.</summary>
internal static class AccountVerb
{
    public static Command Create()
    {
        var email = new Option<string>("--email") { Description = "By which lists (ACLs) may name the account; empty: none.", HelpName = "ADDRESS" };
        var number = new Option<string>("--number") { Description = "12 digits (default: made).", HelpName = "NUMBER" };
        var user = new Option<string>("--user") { Description = "Those of this user.", HelpName = "NAME" };
        var role = new Option<string>("--role") { Description = "Those of this role.", HelpName = "NAME" };
        return new("account", "Manage the accounts of the gateway: tenants with buckets, users and roles of their own.")
        {
            AdminVerb.Create("list", "Show the accounts.", [], [], (_, _) => (HttpMethod.Get, "accounts", null), PrintTable),
            AdminVerb.Create("create", "Make an account, and a key of its root, whose secret is shown this once.", [new("NAME") { Description = "Shown to people." }], [email, number], (parsed, given) => (
                HttpMethod.Post, "accounts", new NewAccountRequest(parsed.GetRequiredValue(given[0]), parsed.GetValue(email), parsed.GetValue(number))), PrintKey),
            AdminVerb.Create("show", "Show one account with what it has.", [Account()], [], (parsed, given) => (HttpMethod.Get, Resource(parsed, given), null), Print),
            AdminVerb.Create("rename", "Give an account another name.", [Account(), new("NAME") { Description = "The new one." }], [email], (parsed, given) => (
                HttpMethod.Patch, Resource(parsed, given), new AccountRequest(parsed.GetRequiredValue(given[1]), parsed.GetValue(email))), Print),
            AdminVerb.Create("suspend", "Stop all keys and sessions of an account at once. What it has stays.", [Account()], [], (parsed, given) => (HttpMethod.Patch, Resource(parsed, given), new AccountRequest(Suspended: true)), Print),
            AdminVerb.Create("resume", "Let an account in again.", [Account()], [], (parsed, given) => (HttpMethod.Patch, Resource(parsed, given), new AccountRequest(Suspended: false)), Print),
            new Command("key", "Keys of an account's root.")
            {
                AdminVerb.Create("create", "Make a further key of the account's root; its secret is shown this once.", [Account()], [], (parsed, given) => (HttpMethod.Post, Resource(parsed, given) + "/keys", null), PrintKey),
                AdminVerb.Create("remove", "Remove a key of the account's root.", [Account(), new("KEY") { Description = "Access key." }], [], (parsed, given) => (
                    HttpMethod.Delete, $"{Resource(parsed, given)}/keys/{Uri.EscapeDataString(parsed.GetRequiredValue(given[1]))}", null), Print),
            },
            AdminVerb.Create("end-sessions", "End all sessions of a user, of a role, or, with neither, of the account's root.", [Account()], [user, role], (parsed, given) => (
                HttpMethod.Post, Resource(parsed, given) + "/end-sessions", new EndSessionsRequest(parsed.GetValue(user), parsed.GetValue(role))), Print),
            Delete(),
        };
    }

    private static Command Delete()
    {
        var yes = Confirmation.Option();
        return AdminVerb.Create(
            "delete",
            "Delete an account that is suspended and owns nothing any more.",
            [Account()],
            [yes],
            (parsed, given) =>
            {
                Confirmation.Ask(parsed.GetValue(yes), $"Delete account {parsed.GetRequiredValue(given[0])} for good?");
                return (HttpMethod.Delete, Resource(parsed, given), null);
            },
            PrintTable);
    }

    private static Argument<string> Account() => new("ACCOUNT") { Description = "Number of the account." };

    private static string Resource(ParseResult parsed, Argument<string>[] given) => "accounts/" + Uri.EscapeDataString(parsed.GetRequiredValue(given[0]));

    private static void PrintTable(JsonElement answer) => Output.Table(["number", "name", "e-mail", "created", "users", "state"], answer.GetProperty("accounts").EnumerateArray().Select(one => (IReadOnlyList<string>)
    [
        one.GetProperty("number").ToString(), one.GetProperty("name").ToString(), one.GetProperty("email").ToString(), one.GetProperty("created") is { ValueKind: JsonValueKind.String } created ? created.GetDateTimeOffset().ToString("yyyy-MM-dd", null) : "",
        one.GetProperty("users").ToString(), State(one),
    ]));

    private static void Print(JsonElement account)
    {
        Output.Fields(account, "number", "name", "email", "canonicalId", "created", "users", "groups", "roles", "policies");
        Console.Out.WriteLine($"{"state",-22} {State(account)}");
        Output.Table(["root key", "created", "state"], account.GetProperty("keys").EnumerateArray().Select(key => (IReadOnlyList<string>)
            [key.GetProperty("accessKey").ToString(), key.GetProperty("created").ToString(), key.GetProperty("isActive").GetBoolean() ? "active" : "disabled"]));
    }

    private static void PrintKey(JsonElement answer) =>
        Console.Out.WriteLine($"Account:    {answer.GetProperty("account").GetProperty("number")}\nAccess key: {answer.GetProperty("accessKey")}\nSecret key: {answer.GetProperty("secretKey")}   (shown only now)");

    private static string State(JsonElement account) => account.GetProperty("isSuspended").GetBoolean() ? "suspended" : account.GetProperty("isOperators").GetBoolean() ? "runs the gateway" : "active";
}
