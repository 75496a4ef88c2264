using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Iam;

/// <summary>SimulatePrincipalPolicy and SimulateCustomPolicy, as IAM's clients ask them.</summary>
public sealed class SimulationTests(IdentityGateway gateway)
{
    private const string Object = "arn:aws:s3:::b/docs/a";

    [Fact]
    public async Task Principal_WithHisOwnAndHisGroups_IsJudgedActionByAction()
    {
        var tenant = await gateway.NewTenantAsync();
        var (name, _) = await tenant.NewUserAsync(Policies.Allow("s3:GetObject,s3:PutObject", "arn:aws:s3:::b/docs/*"));
        await tenant.DoAsync("CreateGroup", ("GroupName", "group"));
        await tenant.DoAsync("PutGroupPolicy", ("GroupName", "group"), ("PolicyName", "no-put"), ("PolicyDocument", Policies.Deny("s3:PutObject")));
        await tenant.DoAsync("AddUserToGroup", ("GroupName", "group"), ("UserName", name));
        var arn = tenant.ArnOf("user/" + name);
        var said = await SaidAsync(tenant, "SimulatePrincipalPolicy", [("PolicySourceArn", arn), ("ActionNames.member.1", "s3:GetObject"), ("ActionNames.member.2", "s3:PutObject"), ("ResourceArns.member.1", Object), ("ResourceArns.member.2", "arn:aws:s3:::b/other")]);
        said.ShouldBe(
        [
            ("s3:GetObject", Object, "allowed", "own"), ("s3:GetObject", "arn:aws:s3:::b/other", "implicitDeny", ""), ("s3:PutObject", Object, "explicitDeny", "no-put"), ("s3:PutObject", "arn:aws:s3:::b/other", "explicitDeny", "no-put"),
        ]);

        // What is given besides counts with it, and so does the boundary.
        (await SaidAsync(tenant, "SimulatePrincipalPolicy", [("PolicySourceArn", arn), ("ActionNames.member.1", "s3:DeleteObject"), ("ResourceArns.member.1", Object), ("PolicyInputList.member.1", Policies.Allow("s3:DeleteObject"))]))
            .ShouldBe([("s3:DeleteObject", Object, "allowed", "PolicyInputList.1")]);
        await tenant.DoAsync("PutUserPermissionsBoundary", ("UserName", name), ("PermissionsBoundary", "arn:aws:iam::aws:policy/IAMReadOnlyAccess"));
        (await SaidAsync(tenant, "SimulatePrincipalPolicy", [("PolicySourceArn", arn), ("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", Object)])).Single().Decision.ShouldBe("implicitDeny");
        (await SaidAsync(tenant, "SimulatePrincipalPolicy", [("PolicySourceArn", tenant.ArnOf("group/group")), ("ActionNames.member.1", "s3:PutObject")])).ShouldBe([("s3:PutObject", "*", "explicitDeny", "no-put")]);
    }

    [Fact]
    public async Task Custom_WithConditions_GoesByTheContextThatIsGiven()
    {
        var tenant = await gateway.NewTenantAsync();
        (string, string)[] question = [("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", Object), ("PolicyInputList.member.1", """{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}""")];
        (await SaidAsync(tenant, "SimulateCustomPolicy", question)).Single().Decision.ShouldBe("implicitDeny");
        foreach (var (address, decision) in ((string, string)[])[("192.0.2.9", "allowed"), ("198.51.100.9", "implicitDeny")])
        {
            (await SaidAsync(tenant, "SimulateCustomPolicy", [.. question, ("ContextEntries.member.1.ContextKeyName", "AWS:SourceIp"), ("ContextEntries.member.1.ContextKeyType", "ip"), ("ContextEntries.member.1.ContextKeyValues.member.1", address)]))
                .Single().Decision.ShouldBe(decision, address);
        }

        // Of a bucket of another account, its policy must let him in as well.
        (string, string)[] foreign = [("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", Object), ("PolicyInputList.member.1", Policies.Allow("s3:*")), ("ResourceOwner", "arn:aws:iam::999988887777:root")];
        (await SaidAsync(tenant, "SimulateCustomPolicy", foreign)).Single().Decision.ShouldBe("implicitDeny");
        (await SaidAsync(tenant, "SimulateCustomPolicy", [.. foreign, ("ResourcePolicy", """{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}""")])).Single().Decision.ShouldBe("allowed");
    }

    [Theory]
    [InlineData("SimulatePrincipalPolicy", "NoSuchEntity", "PolicySourceArn", "arn:aws:iam::000000000000:user/nobody", "ActionNames.member.1", "s3:GetObject")]
    [InlineData("SimulatePrincipalPolicy", "ValidationError", "ActionNames.member.1", "s3:GetObject")]
    [InlineData("SimulateCustomPolicy", "ValidationError", "ActionNames.member.1", "s3:GetObject")]
    [InlineData("SimulateCustomPolicy", "InvalidInput", "ActionNames.member.1", "s3:Fly", "PolicyInputList.member.1", """{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}""")]
    [InlineData("SimulateCustomPolicy", "InvalidInput", "ActionNames.member.1", "s3:GetObject", "PolicyInputList.member.1", "{}")]
    [InlineData("SimulateCustomPolicy", "InvalidInput", "ActionNames.member.1", "s3:GetObject", "ResourceArns.member.1", "b/docs", "PolicyInputList.member.1", """{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}""")]
    [InlineData("SimulateCustomPolicy", "ValidationError", "PolicyInputList.member.1", """{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}""")]
    public async Task Question_AsItCannotBe_IsRefused(string action, string code, params string[] fields)
    {
        var tenant = await gateway.NewTenantAsync();
        (await tenant.IamAsync(action, [.. fields.Chunk(2).Select(pair => (pair[0], pair[1]))])).Code.ShouldBe(code);
    }

    [Fact]
    public async Task Question_OfWhoMayNotAsk_IsDenied()
    {
        var tenant = await gateway.NewTenantAsync();
        var (name, user) = await tenant.NewUserAsync();
        (await user.IamAsync("SimulatePrincipalPolicy", ("PolicySourceArn", tenant.ArnOf("user/" + name)), ("ActionNames.member.1", "s3:GetObject"))).Code.ShouldBe("AccessDenied");
    }

    private static async Task<(string Action, string Resource, string Decision, string Sources)[]> SaidAsync(Tenant tenant, string action, (string, string)[] fields)
    {
        var answer = await tenant.DoAsync(action, fields);
        var results = XDocument.Parse(answer.Text).Descendants().Single(element => element.Name.LocalName == "EvaluationResults").Elements();
        return [.. results.Select(result => (Of(result, "EvalActionName"), Of(result, "EvalResourceName"), Of(result, "EvalDecision"), string.Join(' ', result.Descendants().Where(element => element.Name.LocalName == "SourcePolicyId").Select(element => element.Value))))];
    }

    private static string Of(XElement result, string name) => result.Elements().Single(element => element.Name.LocalName == name).Value;
}
