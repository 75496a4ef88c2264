namespace Oort.S3.Client;

/// <summary>Reads the XML of listings.</summary>
internal static class ListingDocuments
{
    /// <summary>S3 API: MaxKeys.</summary>
    public const int PageSizeMax = 1000;

    /// <summary>More entries than this are no page of S3. (Some services count prefixes apart, or do not look at max-keys.)</summary>
    private const int EntryCountMax = 4 * PageSizeMax;

    private const int BucketCountMax = 100_000;

    /// <returns>Token of the next page, or null.</returns>
    public static string? ParseBuckets(byte[] document, List<S3BucketItem> into)
    {
        string? token = null;
        AnswerReader.Parse(document, "ListAllMyBucketsResult", xml => xml.Children(name =>
        {
            switch (name)
            {
                case "Buckets": xml.Children(_ => into.Add(ReadBucket(xml, into.Count))); break;
                case "ContinuationToken": token = xml.Text(); break;
                default: xml.Skip(); break;
            }
        }));
        return string.IsNullOrEmpty(token) ? null : token;
    }

    public static S3Page<S3Item> ParseObjects(byte[] document)
    {
        var items = new List<S3Item>();
        var prefixes = new List<string>();
        string? token = null;
        var isTruncated = false;
        var isEncoded = false;
        AnswerReader.Parse(document, "ListBucketResult", xml => xml.Children(name =>
        {
            switch (name)
            {
                case "Contents": items.Add(ReadItem(xml)); break;
                case "CommonPrefixes": xml.Children(inner => { if (inner == "Prefix") prefixes.Add(xml.Text()); else xml.Skip(); }); break;
                case "NextContinuationToken": token = xml.Text(); break;
                case "IsTruncated": isTruncated = xml.Flag(); break;
                case "EncodingType": isEncoded = IsUrl(xml); break;
                default: xml.Skip(); break;
            }

            if (items.Count + prefixes.Count > EntryCountMax) throw AnswerReader.Bad("the page has more entries than a page can");
        }));
        if (isTruncated && string.IsNullOrEmpty(token)) throw AnswerReader.Bad("the page says that there are more, and not where");
        if (isEncoded) items = items.ConvertAll(item => item with { Key = Decode(item.Key) });
        if (isEncoded) prefixes = prefixes.ConvertAll(Decode);
        if (items.Exists(item => item.Key.Length == 0)) throw AnswerReader.Bad("an entry has no key");
        return new(items, prefixes, isTruncated ? token : null);
    }

    public static S3VersionPage ParseVersions(byte[] document)
    {
        var items = new List<S3VersionItem>();
        string? key = null, version = null;
        var isTruncated = false;
        var isEncoded = false;
        AnswerReader.Parse(document, "ListVersionsResult", xml => xml.Children(name =>
        {
            switch (name)
            {
                case "Version": items.Add(ReadVersion(xml, isDeleteMarker: false)); break;
                case "DeleteMarker": items.Add(ReadVersion(xml, isDeleteMarker: true)); break;
                case "NextKeyMarker": key = xml.Text(); break;
                case "NextVersionIdMarker": version = xml.Text(); break;
                case "IsTruncated": isTruncated = xml.Flag(); break;
                case "EncodingType": isEncoded = IsUrl(xml); break;
                default: xml.Skip(); break;
            }

            if (items.Count > EntryCountMax) throw AnswerReader.Bad("the page has more entries than a page can");
        }));
        if (isTruncated && string.IsNullOrEmpty(key)) throw AnswerReader.Bad("the page says that there are more, and not where");
        if (isEncoded) items = items.ConvertAll(item => item with { Key = Decode(item.Key) });
        if (!isTruncated) return new(items, null, null);
        return new(items, isEncoded ? Decode(key!) : key, string.IsNullOrEmpty(version) ? null : version);
    }

    /// <returns>Where the next page begins, or null.</returns>
    public static (string Key, string? Id)? ParseUploads(byte[] document, List<S3Upload> into)
    {
        var items = new List<S3Upload>();
        string? key = null, id = null;
        var isTruncated = false;
        var isEncoded = false;
        AnswerReader.Parse(document, "ListMultipartUploadsResult", xml => xml.Children(name =>
        {
            switch (name)
            {
                case "Upload": items.Add(ReadUpload(xml)); break;
                case "NextKeyMarker": key = xml.Text(); break;
                case "NextUploadIdMarker": id = xml.Text(); break;
                case "IsTruncated": isTruncated = xml.Flag(); break;
                case "EncodingType": isEncoded = IsUrl(xml); break;
                default: xml.Skip(); break;
            }

            if (items.Count > EntryCountMax) throw AnswerReader.Bad("the page has more entries than a page can");
        }));
        if (isTruncated && string.IsNullOrEmpty(key)) throw AnswerReader.Bad("the page says that there are more, and not where");
        if (items.Exists(item => item.Key.Length == 0 || item.UploadId.Length == 0)) throw AnswerReader.Bad("an upload has no key or no id");
        into.AddRange(isEncoded ? items.Select(item => item with { Key = Decode(item.Key) }) : items);
        if (!isTruncated) return null;
        return (isEncoded ? Decode(key!) : key!, string.IsNullOrEmpty(id) ? null : id);
    }

    private static S3BucketItem ReadBucket(AnswerReader xml, int before)
    {
        if (before >= BucketCountMax) throw AnswerReader.Bad("there are too many buckets");
        var bucket = new S3BucketItem("", DateTimeOffset.UnixEpoch);
        xml.Children(name =>
        {
            switch (name)
            {
                case "Name": bucket = bucket with { Name = xml.Text() }; break;
                case "CreationDate": bucket = bucket with { Created = xml.Time() }; break;
                default: xml.Skip(); break;
            }
        });
        return bucket;
    }

    private static S3Item ReadItem(AnswerReader xml)
    {
        string key = "", etag = "", storageClass = "STANDARD";
        var size = 0L;
        var modified = DateTimeOffset.UnixEpoch;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": key = xml.Text(); break;
                case "Size": size = xml.Number(); break;
                case "ETag": etag = xml.ETag(); break;
                case "LastModified": modified = xml.Time(); break;
                case "StorageClass": storageClass = xml.Text(); break;
                default: xml.Skip(); break;
            }
        });
        return new(key, size, etag, modified, storageClass);
    }

    private static S3VersionItem ReadVersion(AnswerReader xml, bool isDeleteMarker)
    {
        string key = "", id = "null", etag = "", storageClass = "STANDARD";
        var size = 0L;
        var isLatest = false;
        var modified = DateTimeOffset.UnixEpoch;
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": key = xml.Text(); break;
                case "VersionId": id = xml.Text(); break;
                case "IsLatest": isLatest = xml.Flag(); break;
                case "Size": size = xml.Number(); break;
                case "ETag": etag = xml.ETag(); break;
                case "LastModified": modified = xml.Time(); break;
                case "StorageClass": storageClass = xml.Text(); break;
                default: xml.Skip(); break;
            }
        });
        return new(key, id, isLatest, isDeleteMarker, size, etag, modified, storageClass);
    }

    private static S3Upload ReadUpload(AnswerReader xml)
    {
        var upload = new S3Upload("", "", DateTimeOffset.UnixEpoch);
        xml.Children(name =>
        {
            switch (name)
            {
                case "Key": upload = upload with { Key = xml.Text() }; break;
                case "UploadId": upload = upload with { UploadId = xml.Text() }; break;
                case "Initiated": upload = upload with { Initiated = xml.Time() }; break;
                default: xml.Skip(); break;
            }
        });
        return upload;
    }

    private static bool IsUrl(AnswerReader xml) => xml.Text().Trim().Equals("url", StringComparison.OrdinalIgnoreCase);

    // AWS writes a space as "+", others as "%20".
    private static string Decode(string text) =>
        UrlEncoding.TryDecode(text, plusIsSpace: true, out var decoded) ? decoded : throw AnswerReader.Bad("a key cannot be decoded");
}
