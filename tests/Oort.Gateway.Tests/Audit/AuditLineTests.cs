using System.Buffers;
using System.Text;
using System.Text.Json;
using Oort.Gateway.Access;
using Oort.Gateway.Audit;
using Oort.Objects.Tests.World;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Audit;

public sealed class AuditLineTests
{
    private static readonly DateTimeOffset now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static TheoryData<string> Vectors() => [.. FormatVector.Names("audit-log", "*.txt")];

    [Fact]
    public void Write_Example_IsThatOfThePage() =>
        Line(AuditRequests.Get("a/key", AuditRequests.Root)).ShouldBe(Encoding.UTF8.GetString(FormatVector.Read("audit-log", "request").Bytes));

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_IsWhatThePageSays(string name)
    {
        var vector = FormatVector.Read("audit-log", name);
        Read(vector.Bytes).ShouldBe(vector.Expect);
    }

    [Theory]
    [InlineData("key\n{\"v\":1,\"time\":\"2026-01-01T00:00:00.000Z\",\"kind\":\"root\"}\n")]
    [InlineData("\r\u0085\u2028\u2029\u0000\u001b[2J\u007f")]
    [InlineData("\",\"status\":200,\"x\":\"")]
    [InlineData("\\\"}")]
    [InlineData("ключ 鍵 🔑 ‮gnp.exe")]
    public void Write_AnyKey_IsOneLineOfPrintableAsciiThatGivesItBack(string key)
    {
        var line = Line(AuditRequests.Get(key, AuditRequests.Root, agent: key.Length <= 256 ? key : "", status: 403, error: "AccessDenied"));
        line[..^1].ShouldAllBe(c => c >= ' ' && c <= '~');
        line[^1].ShouldBe('\n');
        var read = JsonDocument.Parse(line).RootElement;
        read.GetProperty("key").GetString().ShouldBe(key);
        read.EnumerateObject().Select(property => property.Name).ShouldBeUnique();
        (read.GetProperty("status").GetInt32(), read.GetProperty("error").GetString()).ShouldBe((403, "AccessDenied"));
    }

    [Fact]
    public void Write_HalfACharacter_IsReplaced() =>
        JsonDocument.Parse(Line(AuditRequests.Get("a\ud83d", agent: new string('a', 255) + "🔑"))).RootElement.GetProperty("key").GetString().ShouldBe("a\ufffd");

    [Fact]
    public void Write_TextOfAnyLength_IsBounded()
    {
        var http = AuditRequests.Get(new string('\u0001', 1024), agent: new string('\u0001', 30_000), claimed: new string('\u0001', 30_000));
        http.Http.Request.QueryString = new("?versionId=" + new string('a', 30_000));
        Line(http).Length.ShouldBeLessThan(16 * 1024);
    }

    [Fact]
    public void Write_SecretsOfARequest_AreNotInIt()
    {
        var line = Line(AuditRequests.Get("key", AuditRequests.Root));
        line.ShouldNotContain("5ecret");
        line.ShouldNotContain("t0ken");
    }

    [Fact]
    public void Write_Callers_AreToldApart()
    {
        Kind(AuditRequests.Get("key", Caller.Anonymous)).ShouldBe("anonymous");
        Kind(AuditRequests.Get("key", new S3Principal("", "", ""))).ShouldBe("anonymous");
        Kind(AuditRequests.Get("key")).ShouldBe("unknown");
        Kind(AuditRequests.Get("key", AuditRequests.Root)).ShouldBe("root");
        Kind(AuditRequests.Get("key", AuditRequests.Root with { Principal = Oort.Access.Principal.User("000000000001", "canonical", "ann") })).ShouldBe("user");
        var refused = JsonDocument.Parse(Line(AuditRequests.Get("key", claimed: "AKIANOBODY", status: 403, error: "InvalidAccessKeyId"))).RootElement;
        refused.GetProperty("claimedKey").GetString().ShouldBe("AKIANOBODY");
        refused.TryGetProperty("accessKey", out _).ShouldBeFalse("what nobody has proved is not said");
    }

    private static string Kind(S3Completion request) => JsonDocument.Parse(Line(request)).RootElement.GetProperty("kind").GetString()!;

    private static string Line(S3Completion request)
    {
        var buffer = new ArrayBufferWriter<byte>();
        AuditLine.Write(buffer, request, AuditFacts.Of(request.Http)!, now);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // Written from the page.
    private static string Read(byte[] line)
    {
        if (line is [] || line[^1] != '\n' || Array.IndexOf(line, (byte)'\n') != line.Length - 1) return "NotALine";
        try
        {
            using var document = JsonDocument.Parse(line);
            var read = document.RootElement;
            if (read.ValueKind != JsonValueKind.Object || !read.TryGetProperty("v", out var version) || !version.TryGetInt32(out var number)) return "NotALine";
            if (number != 1) return "UnknownVersion";
            if (!read.TryGetProperty("time", out var time) || !time.TryGetDateTimeOffset(out _)) return "NotALine";
            return read.TryGetProperty("turnedAway", out _) ? "TurnedAway" : read.TryGetProperty("request", out _) && read.TryGetProperty("status", out _) && read.TryGetProperty("kind", out _) ? "Request" : "NotALine";
        }
        catch (JsonException)
        {
            return "NotALine";
        }
    }
}
