using Oort.Gateway.Encryption;
using Oort.Metadata;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>GetBucketEncryption, PutBucketEncryption and DeleteBucketEncryption.</summary>
internal static class BucketEncryptions
{
    private static readonly BucketEncryption always = new(IsNamed: false, "", UsesBucketKey: false, BlocksCustomerKeys: false);

    public static async ValueTask GetAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        if (BucketEncryption.Of(bucket) is not { } encryption)
        {
            if (!context.Options.ReportsDefaultEncryption) throw new S3Exception(S3Errors.ServerSideEncryptionConfigurationNotFoundError, null, ("BucketName", bucket.Name));
            encryption = always;
        }

        var pipe = Answers.Xml(request);
        var xml = new S3XmlWriter(pipe);
        xml.StartRoot("ServerSideEncryptionConfiguration");
        xml.Start("Rule");
        xml.Start("ApplyServerSideEncryptionByDefault");
        xml.Element("SSEAlgorithm", encryption.IsNamed ? EncryptionHeaders.NamedAlgorithm : EncryptionHeaders.OwnAlgorithm);
        if (encryption.KeyName.Length > 0) xml.Element("KMSMasterKeyID", encryption.KeyName);
        xml.End("ApplyServerSideEncryptionByDefault");
        xml.Element("BucketKeyEnabled", encryption.UsesBucketKey);
        if (encryption.BlocksCustomerKeys)
        {
            xml.Start("BlockedEncryptionTypes");
            xml.Element("EncryptionType", "SSE-C");
            xml.End("BlockedEncryptionTypes");
        }

        xml.End("Rule");
        xml.End("ServerSideEncryptionConfiguration");
        await pipe.FlushAsync(cancellationToken);
    }

    public static async ValueTask PutAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        var form = EncryptionReader.Parse(await RequestDocuments.ReadAsync(request, cancellationToken));
        if (form.Algorithm == EncryptionHeaders.DoubleAlgorithm) throw new S3Exception(S3Errors.NotImplemented, "Encryption in two layers (aws:kms:dsse) is not implemented.");
        var isNamed = form.Algorithm == EncryptionHeaders.NamedAlgorithm;
        if (form.KeyId is { } id && (!isNamed || !BucketEncryption.IsKeyId(id)))
            throw Arguments.Invalid("KMSMasterKeyID", id, isNamed ? "This is no key's id." : "A KMSMasterKeyID goes with aws:kms only.");
        var setting = new BucketEncryption(isNamed, form.KeyId ?? "", form.BucketKeyEnabled, form.BlockedTypes.Contains("SSE-C")).Encode();
        await context.PutSettingAsync(bucket, BucketEncryption.SettingName, setting, cancellationToken);
        Answers.Empty(request);
    }

    public static async ValueTask DeleteAsync(OperationContext context, S3Request request, CancellationToken cancellationToken)
    {
        var bucket = await context.FindBucketAsync(request, cancellationToken);
        await context.RemoveSettingAsync(bucket, BucketEncryption.SettingName, cancellationToken);
        Answers.Empty(request, 204);
    }
}
