using System.Net;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Configuration;

public sealed class OptionReaderTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-options-");

    [Fact]
    public void Read_NothingGiven_Defaults()
    {
        var options = Read();
        options.Listen.ShouldBe(new IPEndPoint(IPAddress.Loopback, 9000));
        options.DataDirectory.ShouldBe("oort-data");
        options.Disks.ShouldBeEmpty();
    }

    [Fact]
    public void Read_FileEnvironmentAndFlag_LaterSourceWins()
    {
        var file = File("""{ "region": "file", "buffer-mib": 64, "listen": "127.0.0.1:1", "disk": ["/a", "/b"] }""");
        var options = Read(file, new() { ["OORT_REGION"] = "environment", ["OORT_LISTEN"] = "127.0.0.1:2" }, new() { ["listen"] = ["127.0.0.1:3"] });
        options.Region.ShouldBe("environment");
        options.BufferMebibytes.ShouldBe(64);
        options.Listen.Port.ShouldBe(3);
        options.Disks.ShouldBe(["/a", "/b"]);
    }

    [Fact]
    public void Read_EveryOption_HasItsThreeNames()
    {
        foreach (var definition in OptionDefinition.All)
        {
            definition.Name.ShouldMatch("^[a-z]+(-[a-z][a-z0-9]*)*$");
            definition.EnvironmentName.ShouldBe("OORT_" + definition.Name.ToUpperInvariant().Replace('-', '_'));
            definition.Help.ShouldEndWith(".");
        }

        OptionDefinition.All.Select(d => d.Name).ShouldBeUnique();
    }

    [Theory]
    [InlineData("listen", "9000")]
    [InlineData("listen", "127.0.0.1:65536")]
    [InlineData("listen", "nowhere:9000")]
    [InlineData("buffer-mib", "31")]
    [InlineData("buffer-mib", "1e3")]
    [InlineData("stall-timeout", "0")]
    [InlineData("public-url", "ftp://x")]
    [InlineData("domain", "no/domain")]
    [InlineData("website-domain", "no/domain")]
    [InlineData("website-host", "no/domain")]
    [InlineData("log-level", "Loud")]
    [InlineData("strict-region", "maybe")]
    [InlineData("signature-v2", "old")]
    [InlineData("day-length", "0s")]
    [InlineData("day-length", "25h")]
    [InlineData("day-length", "10")]
    [InlineData("day-length", "1d")]
    public void Read_BadFlag_NamesTheFlagAndTheValue(string name, string value)
    {
        var e = Should.Throw<ConfigurationException>(() => Read(flags: new() { [name] = [value] }));
        e.Message.ShouldStartWith($"--{name}: \"{value}\" cannot be used: it takes ");
    }

    [Fact]
    public void Read_UnknownKeyInFile_NamesFileAndKey()
    {
        var file = File("""{ "disks": ["/a"] }""");
        Should.Throw<ConfigurationException>(() => Read(file)).Message.ShouldStartWith($"{file}: there is no option \"disks\"; there are data, listen, tls-cert,");
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{ \"region\": ")]
    [InlineData("{ \"region\": {} }")]
    [InlineData("{ \"region\": [\"a\", \"b\"] }")]
    public void Read_MalformedFile_SaysSo(string content)
    {
        var file = File(content);
        Should.Throw<ConfigurationException>(() => Read(file)).Message.ShouldContain(file);
    }

    [Fact]
    public void Read_MissingNamedFile_SaysSo() =>
        Should.Throw<ConfigurationException>(() => Read(Path.Combine(folder.FullName, "none.json"))).Message.ShouldContain("none.json cannot be read");

    [Fact]
    public void Read_AccessKeyWithoutSecret_IsRefused() =>
        Should.Throw<ConfigurationException>(() => Read(environment: new() { ["OORT_ACCESS_KEY"] = "abc" })).Message.ShouldContain("OORT_SECRET_KEY");

    [Fact]
    public void Read_ShortSecret_IsRefusedWithoutShowingIt()
    {
        var e = Should.Throw<ConfigurationException>(() => Read(environment: new() { ["OORT_ACCESS_KEY"] = "abc", ["OORT_SECRET_KEY"] = "hunter2" }));
        e.Message.ShouldContain("OORT_SECRET_KEY");
        e.Message.ShouldNotContain("hunter2");
    }

    [Fact]
    public void Read_Secret_NeverPrints()
    {
        var options = Read(environment: new() { ["OORT_ACCESS_KEY"] = "abc", ["OORT_SECRET_KEY"] = "a-long-secret" });
        options.SecretKey!.Reveal().ShouldBe("a-long-secret");
        options.ToString().ShouldNotContain("a-long-secret");
    }

    [Fact]
    public void Read_DiskTwice_IsRefused() =>
        Should.Throw<ConfigurationException>(() => Read(flags: new() { ["disk"] = ["/a/b", "/a/../a/b"] })).Message.ShouldContain("twice");

    public void Dispose() => folder.Delete(recursive: true);

    private static GatewayOptions Read(string? file = null, Dictionary<string, string>? environment = null, Dictionary<string, IReadOnlyList<string>>? flags = null) =>
        OptionReader.Read(file, name => environment?.GetValueOrDefault(name), flags ?? []);

    private string File(string content)
    {
        var path = Path.Combine(folder.FullName, "oort.json");
        System.IO.File.WriteAllText(path, content);
        return path;
    }
}
