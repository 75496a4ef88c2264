using Shouldly;

namespace Oort.S3.Client.Tests.Credentials;

public sealed class AwsProfileTests : IDisposable
{
    private const string CredentialsText = """
        # a remark
        [default]
        aws_access_key_id = DEFAULTID
        aws_secret_access_key=default/secret=with=signs
        [work]
        aws_access_key_id = WORKID   # whose
        aws_secret_access_key = worksecret
        aws_session_token = token
        [half]
        aws_access_key_id = HALF
        """;

    private const string ConfigText = """
        [default]
        region = eu-central-1
        [profile work]
        region=eu-west-1
        endpoint_url = https://s3.example.net:8443
        s3 =
          addressing_style = path
          max_concurrent_requests = 20
        [profile   sso]
        sso_session = me
        [profile open]
        region = us-west-2
        """;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-profile-");
    private readonly Dictionary<string, string> environment;

    public AwsProfileTests()
    {
        environment = new() { ["HOME"] = folder.FullName };
        folder.CreateSubdirectory(".aws");
        File.WriteAllText(Path.Combine(folder.FullName, ".aws", "credentials"), CredentialsText);
        File.WriteAllText(Path.Combine(folder.FullName, ".aws", "config"), ConfigText);
    }

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Default_WithoutVariables_IsTheProfileOfThatName() =>
        Load(null).ShouldBe(new AwsProfile(new("DEFAULTID", "default/secret=with=signs"), "eu-central-1", null, S3Addressing.Auto));

    [Fact]
    public void Named_TakesKeysAndSettingsFromBothFiles_AndNoVariable()
    {
        environment["AWS_ACCESS_KEY_ID"] = "ENV";
        environment["AWS_SECRET_ACCESS_KEY"] = "envsecret";
        environment["AWS_REGION"] = "nowhere-1";
        Load("work").ShouldBe(new AwsProfile(new("WORKID", "worksecret", "token"), "eu-west-1", new Uri("https://s3.example.net:8443"), S3Addressing.Path));
    }

    [Fact]
    public void Variables_WinOverTheDefault()
    {
        environment["AWS_ACCESS_KEY_ID"] = "ENV";
        environment["AWS_SECRET_ACCESS_KEY"] = "envsecret";
        environment["AWS_DEFAULT_REGION"] = "ap-south-1";
        environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9000";
        Load(null).ShouldBe(new AwsProfile(new("ENV", "envsecret"), "ap-south-1", new Uri("http://127.0.0.1:9000"), S3Addressing.Auto));
    }

    [Fact]
    public void Variable_OfTheProfile_NamesIt()
    {
        environment["AWS_PROFILE"] = "work";
        Load(null).Keys!.Id.ShouldBe("WORKID");
    }

    [Fact]
    public void Profile_WithoutKeys_HasNone() => Load("open").ShouldBe(new AwsProfile(null, "us-west-2", null, S3Addressing.Auto));

    [Theory]
    [InlineData("none", "There is no profile \"none\"")]
    [InlineData("half", "no aws_secret_access_key")]
    [InlineData("sso", "sso_session")]
    public void Profile_ThatCannotBeUsed_IsRefusedWithTheReason(string name, string reason) =>
        Should.Throw<AwsProfileException>(() => Load(name)).Message.ShouldContain(reason);

    [Fact]
    public void Files_ThatAreNotThere_AreEmpty()
    {
        environment["AWS_CONFIG_FILE"] = environment["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(folder.FullName, "none");
        Load(null).ShouldBe(new AwsProfile(null, null, null, S3Addressing.Auto));
    }

    private AwsProfile Load(string? name) => AwsProfile.Load(name, environment.GetValueOrDefault);
}
