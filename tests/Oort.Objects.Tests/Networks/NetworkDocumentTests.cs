using System.Text.RegularExpressions;
using Oort.Objects.Networks;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Networks;

public sealed partial class NetworkDocumentTests
{
    public static TheoryData<string> Names => [.. FormatVector.Names("network-list", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("network-list", name);
        if (vector.Expect == "ok") NetworkDocument.Decode(NetworkDocument.Decode(vector.Bytes).Encode()).Networks.Length.ShouldBe(NetworkDocument.Decode(vector.Bytes).Networks.Length);
        else Should.Throw<NetworkException>(() => NetworkDocument.Decode(vector.Bytes)).Message.ShouldNotBeEmpty();
    }

    [Fact]
    public void Page_Example_IsTheVectorAndSaysWhatItShould()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "network-list.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("network-list", "two-networks").Bytes);

        var document = NetworkDocument.Decode(bytes);
        document.Encode().ShouldBe(bytes);
        document.Revision.ShouldBe(3);
        var (cloud, weave) = (document.Networks[0], document.Networks[1]);
        (cloud.Id.ToString(), cloud.Name, cloud.Kind, cloud.Role, cloud.Operator, cloud.Region, cloud.Country).ShouldBe(("0123456789abcdef0123456789abcdef", "attic", "s3", NetworkRole.Active, "a company", "eu-west", "IE"));
        (cloud.Settings["bucket"], cloud.Secret.Length, weave.Role, weave.Settings.Count, weave.Secret.Length).ShouldBe(("oort-cold", 6, NetworkRole.Draining, 0, 0));
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s")]
    private static partial Regex Whitespace();
}
