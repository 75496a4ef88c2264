using Shouldly;

namespace Oort.S3.Client.Tests.Requests;

public sealed class S3PresignerTests
{
    private static readonly DateTimeOffset now = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);
    private static readonly AccessKeys keys = new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    private static readonly S3ClientOptions aws = new() { Endpoint = new("https://s3.amazonaws.com") };

    /// <summary>S3 API: "Authenticating Requests: Using Query Parameters", the example.</summary>
    [Fact]
    public void Get_ExampleOfTheDocumentation_HasItsSignature() => S3Presigner.Get(aws, keys, "examplebucket", "test.txt", TimeSpan.FromDays(1), now).OriginalString.ShouldBe(
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");

    [Fact]
    public void Get_WithASessionToken_SignsItToo()
    {
        var one = S3Presigner.Get(aws, keys with { SessionToken = "a+b/c=" }, "examplebucket", "k", TimeSpan.FromDays(7), now).OriginalString;
        one.ShouldContain("&X-Amz-Security-Token=a%2Bb%2Fc%3D&");
        S3Presigner.Get(aws, keys with { SessionToken = "other" }, "examplebucket", "k", TimeSpan.FromDays(7), now).OriginalString[^64..].ShouldNotBe(one[^64..]);
    }

    [Fact]
    public void Get_ForTooLongOrNotAtAll_Throws()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => S3Presigner.Get(aws, keys, "b", "k", TimeSpan.FromDays(7) + TimeSpan.FromSeconds(1), now));
        Should.Throw<ArgumentOutOfRangeException>(() => S3Presigner.Get(aws, keys, "b", "k", TimeSpan.FromMilliseconds(900), now));
    }
}
