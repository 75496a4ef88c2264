namespace Oort.Access;

/// <summary>An Amazon Resource Name, <c>arn:partition:service:region:account:resource</c> (IAM User Guide: "Identify AWS resources with ARNs"). The resource may contain colons.</summary>
public readonly record struct Arn(string Partition, string Service, string Region, string Account, string Resource)
{
    /// <summary>Longer ones are none: a bucket's name and a key, each of whose bytes may be a character, fit with room to spare.</summary>
    public const int LengthMax = 2_048;

    private const int PartCount = 6;

    /// <summary>A bucket (<paramref name="path"/> is its name) or an object in it (name, slash, key).</summary>
    public static Arn OfS3(string path) => new("aws", "s3", "", "", path);

    /// <summary>Something of an account: <c>user/NAME</c>, <c>role/NAME</c>, <c>root</c>.</summary>
    public static Arn OfIam(string account, string resource) => new("aws", "iam", "", account, resource);

    public static bool TryParse(string text, out Arn arn)
    {
        arn = default;
        if (text.Length > LengthMax || text.Split(':', PartCount) is not ["arn", var partition, var service, var region, var account, var resource] || partition.Length == 0 || service.Length == 0 || resource.Length == 0) return false;
        arn = new(partition, service, region, account, resource);
        return true;
    }

    public override string ToString() => $"arn:{Partition}:{Service}:{Region}:{Account}:{Resource}";
}
