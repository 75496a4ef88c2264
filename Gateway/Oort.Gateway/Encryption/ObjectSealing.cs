using Oort.Crypto;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Encryption;

/// <summary>How the object of a write is encrypted, and the key that goes with it, for as long as the request lasts.</summary>
/// <param name="encryption">As its attributes say it; null: by the cluster's own keys alone.</param>
/// <param name="inner">Owned.</param>
internal sealed class ObjectSealing(ObjectEncryption? encryption, InnerKey? inner) : IDisposable
{
    /// <summary>By the cluster's own keys alone.</summary>
    private static readonly ObjectSealing own = new(null, null);

    public InnerKey? Inner => inner;

    /// <summary>What the request, or else its bucket, wants of PutObject, CopyObject and CreateMultipartUpload.</summary>
    /// <exception cref="S3Exception">What is wrong with the headers; AccessDenied: the bucket blocks customers' keys; KMS.NotFoundException: there is no such key.</exception>
    public static ValueTask<ObjectSealing> ReadAsync(OperationContext context, S3Request request, BucketRow bucket, CancellationToken cancellationToken)
    {
        var method = request.Header(EncryptionHeaders.Method);
        var keyId = request.Header(EncryptionHeaders.KeyId);
        var byBucket = BucketEncryption.Of(bucket);
        if (EncryptionHeaders.ReadCustomer(context.Options, request, EncryptionHeaders.Customer) is { } customer)
        {
            try
            {
                if (method is not null || keyId is not null) throw EncryptionHeaders.Wrong(EncryptionHeaders.Method, "A customer's key and another kind of encryption do not go together.");
                if (byBucket is { BlocksCustomerKeys: true }) throw new S3Exception(S3Errors.AccessDenied, "The bucket blocks encryption with customers' keys (SSE-C).");
                return new(new ObjectSealing(ObjectEncryption.OfCustomer(context.Layer.Keys.MakeCheck(customer)), customer));
            }
            catch
            {
                customer.Dispose();
                throw;
            }
        }

        switch (method)
        {
            case EncryptionHeaders.NamedAlgorithm:
                return NamedAsync(context.Layer.Keys, keyId is { Length: > 0 } ? keyId : context.Layer.Keys.DefaultName, ReadBucketKey(request) ?? (byBucket is { IsNamed: true, UsesBucketKey: true }), EncryptionHeaders.ReadContext(request), cancellationToken);
            case EncryptionHeaders.OwnAlgorithm or null when keyId is not null:
                throw EncryptionHeaders.Wrong(EncryptionHeaders.KeyId, $"A key's id goes with {EncryptionHeaders.Method}: {EncryptionHeaders.NamedAlgorithm} only.");
            case EncryptionHeaders.OwnAlgorithm or null when request.Header(EncryptionHeaders.Context) is not null:
                throw EncryptionHeaders.Wrong(EncryptionHeaders.Context, $"An encryption context goes with {EncryptionHeaders.Method}: {EncryptionHeaders.NamedAlgorithm} only.");
            case EncryptionHeaders.OwnAlgorithm:
                return new(own);
            case EncryptionHeaders.DoubleAlgorithm:
                throw new S3Exception(S3Errors.NotImplemented, "Encryption in two layers (aws:kms:dsse) is not implemented.", ("Header", EncryptionHeaders.Method));
            case not null:
                throw EncryptionHeaders.Wrong(EncryptionHeaders.Method, "The encryption method specified is not supported.");
            default:
                return byBucket is { IsNamed: true }
                    ? NamedAsync(context.Layer.Keys, byBucket.KeyName.Length > 0 ? byBucket.KeyName : context.Layer.Keys.DefaultName, ReadBucketKey(request) ?? byBucket.UsesBucketKey, "", cancellationToken)
                    : new(own);
        }
    }

    /// <summary>What a bucket wants of what nobody says anything about.</summary>
    /// <exception cref="S3Exception">KMS.NotFoundException: there is no such key.</exception>
    public static ValueTask<ObjectSealing> OfBucketAsync(EncryptionKeys keys, BucketRow bucket, CancellationToken cancellationToken) =>
        BucketEncryption.Of(bucket) is { IsNamed: true } byBucket ? NamedAsync(keys, byBucket.KeyName.Length > 0 ? byBucket.KeyName : keys.DefaultName, byBucket.UsesBucketKey, "", cancellationToken) : new(own);

    /// <summary>How a part is encrypted: as its upload was begun.</summary>
    /// <exception cref="S3Exception">InvalidRequest: another customer's key than the upload has, or none; KMS.NotFoundException: its key is gone.</exception>
    public static async ValueTask<ObjectSealing> OfPartAsync(OperationContext context, S3Request request, UploadRow upload, CancellationToken cancellationToken)
    {
        var encryption = ObjectEncryption.Of(upload.Attributes);
        var customer = ReadKeyOf(context, request, encryption, EncryptionHeaders.Customer, "The upload was begun with a customer's encryption key: each of its requests must bring that key.");
        if (encryption is not { Kind: InnerKeyKind.Named }) return customer is null ? own : new(encryption, customer);
        await RequireAsync(context, encryption.KeyName, cancellationToken);
        return new(encryption, InnerKey.OfName(encryption.KeyName));
    }

    /// <summary>Checks the key of a request about what is stored, for its bytes.</summary>
    /// <param name="names"><see cref="EncryptionHeaders.Customer"/> or <see cref="EncryptionHeaders.SourceCustomer"/>.</param>
    /// <returns>The customer's key, which the caller disposes; null: none is needed.</returns>
    /// <exception cref="S3Exception">InvalidRequest: another customer's key, none, or one where none is needed; KMS.NotFoundException: its key is gone.</exception>
    public static ValueTask<InnerKey?> OpenAsync(OperationContext context, S3Request request, ObjectAttributes attributes, CustomerHeaders names, CancellationToken cancellationToken)
    {
        var encryption = ObjectEncryption.Of(attributes);
        var customer = ReadKeyOf(context, request, encryption, names, "The object was stored with a customer's encryption key: to retrieve it, that key must be sent.");
        if (encryption is not { Kind: InnerKeyKind.Named }) return new(customer);
        return RequireNamedAsync();

        async ValueTask<InnerKey?> RequireNamedAsync()
        {
            await RequireAsync(context, encryption.KeyName, cancellationToken);
            return null;
        }
    }

    /// <summary>Checks the headers of a read, which say nothing of encryption but a customer's key, and that key.</summary>
    /// <param name="needsBytes">Only then must a key with a name be there.</param>
    public static ValueTask<InnerKey?> OpenReadAsync(OperationContext context, S3Request request, ObjectAttributes attributes, bool needsBytes, CancellationToken cancellationToken)
    {
        if (request.Header(EncryptionHeaders.Method) is not null || request.Header(EncryptionHeaders.KeyId) is not null)
            throw EncryptionHeaders.Wrong(EncryptionHeaders.Method, $"The header {EncryptionHeaders.Method} is not supported for this operation.");
        if (needsBytes || ObjectEncryption.Of(attributes) is not { Kind: InnerKeyKind.Named }) return OpenAsync(context, request, attributes, EncryptionHeaders.Customer, cancellationToken);
        return new(ReadKeyOf(context, request, null, EncryptionHeaders.Customer, ""));
    }

    /// <summary>Checks the key of a request that needs no bytes of what an upload or a version holds.</summary>
    public static void Check(OperationContext context, S3Request request, ObjectAttributes attributes) =>
        ReadKeyOf(context, request, ObjectEncryption.Of(attributes), EncryptionHeaders.Customer, "The upload was begun with a customer's encryption key: each of its requests must bring that key.")?.Dispose();

    /// <summary>What the object carries to say so.</summary>
    public ObjectAttributes Describe(ObjectAttributes attributes) => encryption is null ? attributes : ObjectEncryption.Set(attributes, encryption);

    /// <summary>The body under its key.</summary>
    public ObjectBody Seal(ObjectBody body) => inner is null ? body : body with { Inner = inner };

    /// <summary>Under which keys a copy is read and written.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="customer">The customer's key of the source.</param>
    /// <param name="sharesCustomers">Whether data under one customer's key may be shared: not where only a part of it is copied, since it is moved whole.</param>
    public CopyKeys? KeysFrom(VersionRow source, InnerKey? customer, bool sharesCustomers)
    {
        var from = ObjectEncryption.Of(source.Attributes);
        if (from is null && inner is null) return null;
        var isSame = from is not null && inner is not null && from.Kind == inner.Kind
            && (from.Kind == InnerKeyKind.Named ? from.KeyName == inner.Name : sharesCustomers && customer is not null && inner.IsSameAs(customer));
        return new(customer, inner, isSame);
    }

    public void Dispose() => inner?.Dispose();

    private static InnerKey? ReadKeyOf(OperationContext context, S3Request request, ObjectEncryption? encryption, CustomerHeaders names, string missing)
    {
        var customer = EncryptionHeaders.ReadCustomer(context.Options, request, names);
        if (encryption is not { Kind: InnerKeyKind.Customer })
        {
            if (customer is null) return null;
            customer.Dispose();
            throw new S3Exception(S3Errors.InvalidRequest, "The encryption parameters are not applicable to this object.");
        }

        if (customer is null) throw new S3Exception(S3Errors.InvalidRequest, missing);
        if (context.Layer.Keys.IsChecked(customer, encryption.Check.AsSpan())) return customer;
        customer.Dispose();
        throw new S3Exception(S3Errors.InvalidRequest, "The customer's encryption key is not the one that was used.");
    }

    private static async ValueTask<ObjectSealing> NamedAsync(EncryptionKeys keys, string id, bool usesBucketKey, string encryptionContext, CancellationToken cancellationToken)
    {
        if (id.Length == 0) throw new S3Exception(S3Errors.KmsNotFoundException, "This gateway has no default key; name one.");
        var name = await FindAsync(keys, id, cancellationToken);
        return new(ObjectEncryption.OfName(name, usesBucketKey, encryptionContext), InnerKey.OfName(name));
    }

    /// <summary>The name that is meant: as it is, or as the last part of an ARN.</summary>
    private static async ValueTask<string> FindAsync(EncryptionKeys keys, string id, CancellationToken cancellationToken)
    {
        if (InnerKey.IsName(id) && await keys.HasNamedAsync(id, cancellationToken)) return id;
        const string resource = ":key/";
        if (id.StartsWith("arn:", StringComparison.Ordinal) && id.IndexOf(resource, StringComparison.Ordinal) is > 0 and var at) return await FindAsync(keys, id[(at + resource.Length)..], cancellationToken);
        throw new S3Exception(S3Errors.KmsNotFoundException, $"Key '{id}' does not exist");
    }

    private static async ValueTask RequireAsync(OperationContext context, string name, CancellationToken cancellationToken)
    {
        if (!await context.Layer.Keys.HasNamedAsync(name, cancellationToken)) throw new S3Exception(S3Errors.KmsNotFoundException, $"Key '{name}' does not exist");
    }

    private static bool? ReadBucketKey(S3Request request) => request.Header(EncryptionHeaders.BucketKey) switch
    {
        null => null,
        var text when bool.TryParse(text, out var flag) => flag,
        var text => throw Arguments.Invalid(EncryptionHeaders.BucketKey, text, "The value is true or false."),
    };
}
