using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Oort.Checksums;
using Oort.Crypto;
using Oort.Gateway.Operations;
using Oort.Metadata;
using Oort.Objects;
using Oort.S3;

namespace Oort.Gateway.Encryption;

/// <summary>The headers of server-side encryption, as they are sent and answered (S3 API: PutObject, "Protecting data with server-side encryption").</summary>
internal static class EncryptionHeaders
{
    public const string OwnAlgorithm = "AES256";
    public const string NamedAlgorithm = "aws:kms";
    public const string DoubleAlgorithm = "aws:kms:dsse";

    /// <summary>Names of the three headers of a customer's key.</summary>
    public static readonly CustomerHeaders Customer = new("x-amz-server-side-encryption-customer-algorithm", "x-amz-server-side-encryption-customer-key", "x-amz-server-side-encryption-customer-key-MD5");

    /// <summary>The same of a copy's source.</summary>
    public static readonly CustomerHeaders SourceCustomer = new("x-amz-copy-source-server-side-encryption-customer-algorithm", "x-amz-copy-source-server-side-encryption-customer-key", "x-amz-copy-source-server-side-encryption-customer-key-MD5");

    public const string Method = "x-amz-server-side-encryption";
    public const string KeyId = "x-amz-server-side-encryption-aws-kms-key-id";
    public const string Context = "x-amz-server-side-encryption-context";
    public const string BucketKey = "x-amz-server-side-encryption-bucket-key-enabled";

    /// <summary>Whether a request says how something is to be encrypted.</summary>
    public static bool AreIn(S3Request request) => request.Header(Method) is not null || request.Header(KeyId) is not null || HasCustomer(request, Customer);

    /// <summary>Whether any of the three is there.</summary>
    public static bool HasCustomer(S3Request request, CustomerHeaders names) =>
        request.Header(names.Algorithm) is not null || request.Header(names.Key) is not null || request.Header(names.Md5) is not null;

    /// <summary>Reads a customer's key.</summary>
    /// <param name="names"><see cref="Customer"/> or <see cref="SourceCustomer"/>.</param>
    /// <returns>Null: none of the headers is there. Otherwise the key, which the caller disposes.</returns>
    /// <exception cref="S3Exception">InvalidRequest: it came without TLS; InvalidArgument or InvalidEncryptionAlgorithmError: what is missing or wrong.</exception>
    public static InnerKey? ReadCustomer(GatewayS3Options options, S3Request request, CustomerHeaders names)
    {
        if (!HasCustomer(request, names)) return null;
        if (!request.Http.Request.IsHttps && !options.TakesCustomerKeysOverHttp)
            throw new S3Exception(S3Errors.InvalidRequest, "Requests with a customer's encryption key must be made over a secure connection. Take the key that was sent for known to others.");
        if (request.Header(names.Algorithm) is not { } algorithm)
            throw Wrong(names.Algorithm, "Requests with a customer's encryption key must name a valid encryption algorithm.");
        if (algorithm != OwnAlgorithm) throw new S3Exception(S3Errors.InvalidEncryptionAlgorithmError, null, ("ArgumentName", names.Algorithm), ("ArgumentValue", algorithm));
        if (request.Header(names.Key) is not { } text) throw Wrong(names.Key, "Requests with a customer's encryption algorithm must bring the secret key.");
        if (request.Header(names.Md5) is not { } md5) throw Wrong(names.Md5, "Requests with a customer's encryption key must bring the MD5 of the secret key.");
        return ReadKey(names, text, md5);
    }

    /// <summary>Sets what an answer says of how an object is encrypted.</summary>
    /// <param name="isWrite">With the encryption context, which reads do not tell.</param>
    public static void Write(S3Request request, ObjectAttributes attributes, bool isWrite)
    {
        var headers = request.Http.Response.Headers;
        switch (ObjectEncryption.Of(attributes))
        {
            case null:
                headers[Method] = OwnAlgorithm;
                break;
            case { Kind: InnerKeyKind.Customer }:
                headers[Customer.Algorithm] = OwnAlgorithm;
                if (request.Header(Customer.Md5) is { } md5) headers[Customer.Md5] = md5;
                break;
            case { } named:
                headers[Method] = NamedAlgorithm;
                headers[KeyId] = named.KeyName;
                if (named.UsesBucketKey) headers[BucketKey] = "true";
                if (isWrite && named.Context.Length > 0) headers[Context] = Convert.ToBase64String(Encoding.UTF8.GetBytes(named.Context));
                break;
        }
    }

    /// <summary>Reads the encryption context: base64 of a JSON object of texts.</summary>
    /// <returns>Empty: there is none.</returns>
    public static string ReadContext(S3Request request)
    {
        if (request.Header(Context) is not { Length: > 0 } text) return "";
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var count) || count > ObjectEncryption.ContextBytesMax || !IsContext(bytes.AsMemory(0, count)))
            throw Wrong(Context, "The header is the base64 of a JSON object whose values are texts, of at most 8,192 bytes.");
        return Encoding.UTF8.GetString(bytes, 0, count);
    }

    public static S3Exception Wrong(string header, string message) => new(S3Errors.InvalidArgument, message, ("ArgumentName", header));

    private static bool IsContext(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.EnumerateObject().All(static pair => pair.Value.ValueKind == JsonValueKind.String);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static InnerKey ReadKey(CustomerHeaders names, string text, string md5)
    {
        // A base64 text of 32 bytes has 44 characters; what is longer is no key of 256 bits.
        Span<byte> key = stackalloc byte[InnerKey.CustomerKeySize + 1];
        Span<byte> sent = stackalloc byte[Md5.Size + 2];
        Span<byte> digest = stackalloc byte[Md5.Size];
        try
        {
            if (!Convert.TryFromBase64String(text, key, out var count) || count != InnerKey.CustomerKeySize) throw Wrong(names.Key, "The secret key was invalid for the specified algorithm: it has 256 bits.");
            key = key[..count];
            Md5.Hash(key, digest);
            if (!Convert.TryFromBase64String(md5, sent, out var length) || !digest.SequenceEqual(sent[..length])) throw Wrong(names.Md5, "The MD5 of the key did not match the one that was sent.");
            return InnerKey.OfCustomer(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}

/// <summary>Names of the headers of a customer's key.</summary>
internal sealed record CustomerHeaders(string Algorithm, string Key, string Md5);
