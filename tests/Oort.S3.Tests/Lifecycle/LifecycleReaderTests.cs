using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Shouldly;

namespace Oort.S3.Tests;

public sealed class LifecycleReaderTests
{
    private const string Glacier = "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>";
    private const string Gone = "<NoncurrentVersionExpiration><NoncurrentDays>5</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    private const string Abort = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    private const string All = "<Filter/>";
    private const string Enabled = "<Status>Enabled</Status>";

    [Fact]
    public void Parse_EveryElement_IsRead()
    {
        var configuration = Parse(
            "<Rule><ID>one</ID><Status>Enabled</Status><Filter><And><Prefix>a&amp;b/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value/></Tag><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan><ObjectSizeLessThan>20</ObjectSizeLessThan></And></Filter>"
            + "<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><StorageClass>GLACIER</StorageClass><Days>60</Days></Transition>"
            + "<NoncurrentVersionTransition><NoncurrentDays>0</NoncurrentDays><NewerNoncurrentVersions>100</NewerNoncurrentVersions><StorageClass>DEEP_ARCHIVE</StorageClass></NoncurrentVersionTransition></Rule>"
            + "<Rule><Filter/><Status>Disabled</Status><Transition><Date>2027-01-31T00:00:00.000Z</Date><StorageClass>GLACIER_IR</StorageClass></Transition></Rule>");

        var one = configuration.Rules[0];
        (one.Id, one.IsEnabled, one.Filter.Form, one.Filter.Prefix, one.Filter.SizeGreaterThan, one.Filter.SizeLessThan).ShouldBe(("one", true, ConfiguredFilterForm.And, "a&b/", 10L, 20L));
        one.Filter.Tags.ShouldBe([new("k", "v"), new("l", "")]);
        one.Transitions.ShouldBe([new("STANDARD_IA", 30, null), new("GLACIER", 60, null)]);
        one.NoncurrentTransitions.ShouldBe([new("DEEP_ARCHIVE", 0, 100)]);
        var two = configuration.Rules[1];
        (two.Id, two.IsEnabled, two.Filter.Form, two.Filter.Prefix).ShouldBe((null, false, ConfiguredFilterForm.Single, null));
        two.Transitions.ShouldBe([new("GLACIER_IR", null, new DateOnly(2027, 1, 31))]);
    }

    [Theory]
    [InlineData("<Filter><Prefix/></Filter>", ConfiguredFilterForm.Single, "")]
    [InlineData("<Filter><Prefix>x</Prefix></Filter>", ConfiguredFilterForm.Single, "x")]
    [InlineData("<Filter></Filter>", ConfiguredFilterForm.Single, null)]
    [InlineData("<Filter><And><Prefix>x</Prefix></And></Filter>", ConfiguredFilterForm.And, "x")]
    [InlineData("<Filter><Prefix>x</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", ConfiguredFilterForm.And, "x")]
    [InlineData("<Filter><Prefix>x</Prefix><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>", ConfiguredFilterForm.And, "x")]
    [InlineData("<Filter><Prefix>x/</Prefix><And><Prefix>x</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>", ConfiguredFilterForm.And, "x/")]
    [InlineData("<Filter><Prefix>x</Prefix><And><Prefix>x/</Prefix></And></Filter>", ConfiguredFilterForm.And, "x/")]
    [InlineData("<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><And><Prefix>x</Prefix></And></Filter>", ConfiguredFilterForm.And, "x")]
    [InlineData("<Prefix>x</Prefix>", ConfiguredFilterForm.Prefix, "x")]
    [InlineData("<Prefix/>", ConfiguredFilterForm.Prefix, "")]
    public void Parse_FilterForms_AreKept(string filter, ConfiguredFilterForm form, string? prefix)
    {
        var read = Parse($"<Rule>{filter}{Enabled}{Glacier}</Rule>").Rules[0].Filter;
        (read.Form, read.Prefix).ShouldBe((form, prefix));
    }

    [Theory]
    [InlineData("<Rule><ID>r</ID><Filter><And><Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter><Status>Enabled</Status><Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition><NoncurrentVersionTransition><NoncurrentDays>2</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>")]
    [InlineData("<Rule><ID>r</ID><Prefix>a</Prefix><Status>Disabled</Status><Transition><Date>2027-01-31T00:00:00.000Z</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData("<Rule><ID>r</ID><Filter></Filter><Status>Enabled</Status><NoncurrentVersionTransition><NoncurrentDays>2</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>")]
    [InlineData("<Rule><ID>r</ID><Filter><Prefix/></Filter><Status>Enabled</Status><Transition><Days>0</Days><StorageClass>INTELLIGENT_TIERING</StorageClass></Transition></Rule>")]
    [InlineData("<Rule><ID>r</ID><Filter></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>" + Gone + Abort + "</Rule>")]
    [InlineData("<Rule><ID>r</ID><Prefix>a</Prefix><Status>Enabled</Status><Expiration><Date>2027-01-31T00:00:00.000Z</Date></Expiration><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays></NoncurrentVersionExpiration></Rule>")]
    [InlineData("<Rule><ID>r</ID><Prefix>a</Prefix><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>")]
    public async Task Write_WhatWasRead_IsTheSame(string rules)
    {
        var pipe = new Pipe();
        await S3Xml.WriteAsync(pipe.Writer, Parse(rules), TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        using var reader = new StreamReader(pipe.Reader.AsStream());
        (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldEndWith($"<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</LifecycleConfiguration>");
    }

    [Theory]
    [InlineData("2027-01-31", true)]
    [InlineData("2027-01-31T00:00:00Z", true)]
    [InlineData("2027-01-31T00:00:00.000Z", true)]
    [InlineData("2027-01-31T01:00:00+01:00", true)]
    [InlineData("2027-01-31T00:00:00+01:00", false)]
    [InlineData("2027-01-31T00:00:00.001Z", false)]
    [InlineData("2027-01-31T12:00:00Z", false)]
    public void Parse_Date_IsAMidnight(string date, bool isAllowed)
    {
        LifecycleConfiguration Read() => Parse($"<Rule>{All}{Enabled}<Transition><Date>{date}</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>");
        if (isAllowed) Read().Rules[0].Transitions[0].Date.ShouldBe(new DateOnly(2027, 1, 31));
        else Refused(() => Read(), "InvalidArgument").ShouldBe("'Date' must be at midnight GMT");
    }

    [Theory]
    [InlineData("")]
    [InlineData("<Other/>")]
    [InlineData("<Rule/>")]
    [InlineData($"<Rule>{All}{Glacier}</Rule>")]
    [InlineData($"<Rule>{All}<Status>enabled</Status>{Glacier}</Rule>")]
    [InlineData($"<Rule>{All}{Enabled}{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule>{All}{All}{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule>{All}{Enabled}{Glacier}<More/></Rule>")]
    [InlineData($"<Rule><ID>&#xD800;</ID>{All}{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><Prefix>&#xDC00;</Prefix></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><Suffix>x</Suffix></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><Prefix>a</Prefix><And><Prefix>b</Prefix></And></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><ObjectSizeLessThan>9</ObjectSizeLessThan><And><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><And/></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><And><And><Prefix/></And></And></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><Tag><Key>k</Key></Tag></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><Filter><ObjectSizeGreaterThan>1.5</ObjectSizeGreaterThan></Filter>{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>1</Days></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>1</Days><Date>2027-01-31</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>1</Days><StorageClass>STANDARD</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>1</Days><StorageClass>glacier</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>one</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Days>2147483648</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Date>20270131</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<Transition><Date>2027-02-30</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<NoncurrentVersionTransition><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}<NoncurrentVersionTransition><Days>1</Days><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>")]
    public void Parse_NotTheSchema_IsMalformed(string rules) => Refused(() => Parse(rules), "MalformedXML");

    [Theory]
    [InlineData("<Days>29</Days><StorageClass>STANDARD_IA</StorageClass>", "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'")]
    [InlineData("<Days>29</Days><StorageClass>ONEZONE_IA</StorageClass>", "'Days' in Transition action must be greater than or equal to 30 for storageClass 'ONEZONE_IA'")]
    [InlineData("<Days>-1</Days><StorageClass>GLACIER</StorageClass>", "'Days' for Transition action must be nonnegative")]
    [InlineData("<Days>30</Days><StorageClass>STANDARD_IA</StorageClass>", null)]
    [InlineData("<Days>0</Days><StorageClass>GLACIER_IR</StorageClass>", null)]
    [InlineData("<Date>2027-01-31</Date><StorageClass>STANDARD_IA</StorageClass>", null)]
    public void Parse_DaysOfAClass_AreEnough(string transition, string? message)
    {
        LifecycleConfiguration Read() => Parse($"<Rule>{All}{Enabled}<Transition>{transition}</Transition></Rule>");
        if (message is null) Read().Rules.Count.ShouldBe(1);
        else Refused(() => Read(), "InvalidArgument").ShouldBe(message);
    }

    [Theory]
    [InlineData("STANDARD_IA", 30, "GLACIER", 60, null)]
    [InlineData("STANDARD_IA", 30, "GLACIER", 59, "InvalidArgument")]
    [InlineData("ONEZONE_IA", 30, "DEEP_ARCHIVE", 59, "InvalidArgument")]
    [InlineData("INTELLIGENT_TIERING", 0, "DEEP_ARCHIVE", 29, "InvalidArgument")]
    [InlineData("INTELLIGENT_TIERING", 0, "GLACIER_IR", 1, null)]
    [InlineData("STANDARD_IA", 30, "INTELLIGENT_TIERING", 31, null)]
    [InlineData("STANDARD_IA", 31, "INTELLIGENT_TIERING", 31, "InvalidArgument")]
    [InlineData("GLACIER", 10, "DEEP_ARCHIVE", 11, null)]
    [InlineData("GLACIER", 10, "DEEP_ARCHIVE", 10, "InvalidArgument")]
    [InlineData("GLACIER", 10, "DEEP_ARCHIVE", 9, "InvalidArgument")]
    [InlineData("GLACIER", 10, "GLACIER", 20, "InvalidRequest")]
    [InlineData("ONEZONE_IA", 30, "GLACIER_IR", 90, "InvalidRequest")]
    public void Parse_TwoClasses_GoDownTheWay(string first, int firstDays, string second, int secondDays, string? code)
    {
        foreach (var (element, days, action) in new[] { ("Transition", "Days", "Transition"), ("NoncurrentVersionTransition", "NoncurrentDays", "NoncurrentVersionTransition") })
        {
            var (one, two) = (Move(element, days, first, firstDays), Move(element, days, second, secondDays));
            foreach (var moves in new[] { one + two, two + one })
            {
                LifecycleConfiguration Read() => Parse($"<Rule>{All}{Enabled}{moves}</Rule>");
                if (code is null) Read().Rules.Count.ShouldBe(1);
                else Refused(() => Read(), code).ShouldContain($"'{action}'");
            }
        }

        static string Move(string element, string days, string storageClass, int count) =>
            string.Create(CultureInfo.InvariantCulture, $"<{element}><{days}>{count}</{days}><StorageClass>{storageClass}</StorageClass></{element}>");
    }

    [Theory]
    [InlineData("2027-01-01", "2027-01-31", null)]
    [InlineData("2027-01-01", "2027-01-30", "InvalidArgument")]
    public void Parse_TwoDates_GoDownTheWay(string first, string second, string? code)
    {
        LifecycleConfiguration Read() => Parse($"<Rule>{All}{Enabled}<Transition><Date>{first}</Date><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><Date>{second}</Date><StorageClass>GLACIER</StorageClass></Transition></Rule>");
        if (code is null) Read().Rules.Count.ShouldBe(1);
        else Refused(() => Read(), code).ShouldStartWith("'Date' in the 'Transition' action for StorageClass 'GLACIER'");
    }

    [Theory]
    [InlineData($"<Rule>{All}{Enabled}</Rule>", "InvalidRequest", "At least one action needs to be specified in a rule")]
    [InlineData($"<Rule>{All}{Enabled}{Glacier}<Transition><Date>2027-01-31</Date><StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule>", "InvalidRequest", "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '()'")]
    [InlineData($"<Rule><ID>a</ID>{All}{Enabled}{Glacier}</Rule><Rule><ID>a</ID>{All}{Enabled}{Glacier}</Rule>", "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")]
    [InlineData($"<Rule>{All}<Prefix/>{Enabled}{Glacier}</Rule>", "InvalidRequest", "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.")]
    [InlineData($"<Rule>{All}{Enabled}{Glacier}</Rule><Rule><Prefix/>{Enabled}{Glacier}</Rule>", "InvalidRequest", "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.")]
    [InlineData($"<Rule><Prefix/>{Enabled}{Glacier}</Rule><Rule>{All}{Enabled}{Glacier}</Rule>", "InvalidRequest", "Filter element can only be used in Lifecycle V2.")]
    [InlineData($"<Rule><Prefix>ab</Prefix>{Enabled}{Glacier}</Rule><Rule><Prefix>b</Prefix>{Enabled}{Glacier}</Rule><Rule><Prefix>a</Prefix>{Enabled}{Glacier}</Rule>", "InvalidRequest", "Found overlapping prefixes 'a' and 'ab' for same action type 'Transition'")]
    [InlineData($"<Rule><Prefix/>{Enabled}<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>", "InvalidRequest", "NewerNoncurrentVersions element can only be used in Lifecycle V2.")]
    [InlineData($"<Rule><Filter><And><Tag><Key>k</Key><Value>1</Value></Tag><Tag><Key>k</Key><Value>2</Value></Tag></And></Filter>{Enabled}{Glacier}</Rule>", "InvalidRequest", "Duplicate Tag Keys are not allowed.")]
    [InlineData($"<Rule><Filter><Tag><Key/><Value>2</Value></Tag></Filter>{Enabled}{Glacier}</Rule>", "InvalidTag", "The TagKey you have provided is invalid")]
    [InlineData($"<Rule><Filter><ObjectSizeGreaterThan>-1</ObjectSizeGreaterThan></Filter>{Enabled}{Glacier}</Rule>", "InvalidRequest", "'ObjectSizeGreaterThan' must not be negative.")]
    [InlineData($"<Rule><Filter><ObjectSizeLessThan>0</ObjectSizeLessThan></Filter>{Enabled}{Glacier}</Rule>", "InvalidRequest", "'ObjectSizeLessThan' must be greater than 0.")]
    [InlineData($"<Rule><Filter><And><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan></And></Filter>{Enabled}{Glacier}</Rule>", "InvalidRequest", "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")]
    [InlineData($"<Rule>{All}{Enabled}<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>", "InvalidArgument", "'NewerNoncurrentVersions' for NoncurrentVersionTransition action must be between 1 and 100")]
    [InlineData($"<Rule>{All}{Enabled}<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>0</NewerNoncurrentVersions><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>", "InvalidArgument", "'NewerNoncurrentVersions' for NoncurrentVersionTransition action must be between 1 and 100")]
    public void Parse_AgainstARule_IsRefusedAsS3Does(string rules, string code, string message) => Refused(() => Parse(rules), code).ShouldBe(message);

    [Theory]
    [InlineData($"<Rule><Prefix>a</Prefix>{Enabled}{Glacier}</Rule><Rule><Prefix>ab</Prefix><Status>Disabled</Status>{Glacier}</Rule>")]
    [InlineData($"<Rule><Prefix>a</Prefix>{Enabled}{Glacier}</Rule><Rule><Prefix>ab</Prefix>{Enabled}<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition></Rule>")]
    [InlineData($"<Rule>{All}{Enabled}{Glacier}</Rule><Rule>{All}{Enabled}{Glacier}</Rule>")]
    [InlineData($"<Rule><ID/>{All}{Enabled}{Glacier}</Rule><Rule><ID/>{All}{Enabled}{Glacier}</Rule>")]
    public void Parse_RulesThatMayMeet_AreTaken(string rules) => Parse(rules).Rules.Count.ShouldBe(2);

    [Theory]
    [InlineData(255, 1024, 10, 1000, null)]
    [InlineData(256, 1, 1, 1, "InvalidArgument")]
    [InlineData(1, 1025, 1, 1, "InvalidRequest")]
    [InlineData(1, 1, 11, 1, "InvalidRequest")]
    [InlineData(1, 1, 1, 1001, "MalformedXML")]
    public void Parse_Limits_AreThoseDocumented(int idLength, int prefixLength, int tagCount, int ruleCount, string? code)
    {
        var tags = string.Concat(Enumerable.Range(0, tagCount).Select(i => $"<Tag><Key>{i}</Key><Value/></Tag>"));
        var first = $"<Rule><ID>{new string('i', idLength)}</ID><Filter><And><Prefix>{new string('p', prefixLength)}</Prefix>{tags}</And></Filter>{Enabled}{Glacier}</Rule>";
        var rest = string.Concat(Enumerable.Repeat($"<Rule>{All}{Enabled}{Glacier}</Rule>", ruleCount - 1));
        if (code is null) Parse(first + rest).Rules.Count.ShouldBe(ruleCount);
        else Refused(() => Parse(first + rest), code);
    }

    [Fact]
    public void Parse_Expirations_AreRead()
    {
        var rule = Parse($"<Rule>{All}{Enabled}<Expiration><Days>31</Days></Expiration>{Gone}{Abort}{Glacier}</Rule>").Rules[0];
        rule.Expiration.ShouldBe(new(31, null, null));
        rule.NoncurrentExpiration.ShouldBe(new(5, 2));
        rule.AbortAfterDays.ShouldBe(7);
        Parse($"<Rule>{All}{Enabled}<Expiration><Date>2027-01-31</Date></Expiration></Rule>").Rules[0].Expiration.ShouldBe(new(null, new DateOnly(2027, 1, 31), null));
        Parse($"<Rule>{All}{Enabled}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>").Rules[0].Expiration.ShouldBe(new(null, null, true));
        Parse($"<Rule>{All}{Enabled}<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration></Rule>").Rules[0].Expiration.ShouldBe(new(null, null, false));
    }

    [Theory]
    [InlineData("<Expiration/>")]
    [InlineData("<Expiration><Days>1</Days><Date>2027-01-31</Date></Expiration>")]
    [InlineData("<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>")]
    [InlineData("<Expiration><ExpiredObjectDeleteMarker>yes</ExpiredObjectDeleteMarker></Expiration>")]
    [InlineData("<Expiration><Date>20270131</Date></Expiration>")]
    [InlineData("<Expiration><Days>1</Days></Expiration><Expiration><Days>1</Days></Expiration>")]
    [InlineData("<NoncurrentVersionExpiration><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>")]
    [InlineData("<NoncurrentVersionExpiration><Days>1</Days></NoncurrentVersionExpiration>")]
    [InlineData("<AbortIncompleteMultipartUpload/>")]
    [InlineData("<AbortIncompleteMultipartUpload><Days>1</Days></AbortIncompleteMultipartUpload>")]
    public void Parse_ExpirationThatIsNotTheSchema_IsMalformed(string action) => Refused(() => Parse($"<Rule>{All}{Enabled}{action}</Rule>"), "MalformedXML");

    [Theory]
    [InlineData("<Filter/>", "<Expiration><Days>0</Days></Expiration>", "InvalidArgument", "'Days' for Expiration action must be a positive integer")]
    [InlineData("<Filter/>", "<Expiration><Days>-1</Days></Expiration>", "InvalidArgument", "'Days' for Expiration action must be a positive integer")]
    [InlineData("<Filter/>", "<Expiration><Date>2027-01-31T01:00:00Z</Date></Expiration>", "InvalidArgument", "'Date' must be at midnight GMT")]
    [InlineData("<Filter/>", "<Expiration><Days>1</Days></Expiration>" + Glacier, "InvalidArgument", "'Days' in the Expiration action for filter '()' must be greater than 'Days' in the Transition action")]
    [InlineData("<Filter/>", "<Expiration><Days>2</Days></Expiration>" + Glacier, null, null)]
    [InlineData("<Filter/>", "<Expiration><Date>2027-01-31</Date></Expiration>" + Glacier, "InvalidRequest", "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '()'")]
    [InlineData("<Filter/>", "<Expiration><Date>2027-01-31</Date></Expiration><Transition><Date>2027-01-31</Date><StorageClass>GLACIER</StorageClass></Transition>", "InvalidArgument", "'Date' in the Expiration action for filter '()' must be greater than 'Date' in the Transition action")]
    [InlineData("<Filter/>", "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>" + Glacier, null, null)]
    [InlineData("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>", "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.")]
    [InlineData("<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></Filter>", "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>", "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Object Size.")]
    [InlineData("<Filter/>", "<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>", "InvalidArgument", "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")]
    [InlineData("<Filter/>", "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>0</NewerNoncurrentVersions></NoncurrentVersionExpiration>", "InvalidArgument", "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and 100")]
    [InlineData("<Filter/>", "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration>", "InvalidArgument", "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be between 1 and 100")]
    [InlineData("<Prefix/>", Gone, "InvalidRequest", "NewerNoncurrentVersions element can only be used in Lifecycle V2.")]
    [InlineData("<Filter/>", Gone + "<NoncurrentVersionTransition><NoncurrentDays>5</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>", "InvalidArgument", "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '()' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action")]
    [InlineData("<Filter/>", Gone + "<NoncurrentVersionTransition><NoncurrentDays>4</NoncurrentDays><StorageClass>GLACIER</StorageClass></NoncurrentVersionTransition>", null, null)]
    [InlineData("<Filter/>", "<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>", "InvalidArgument", "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")]
    [InlineData("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>", Abort, "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.")]
    [InlineData("<Filter><ObjectSizeLessThan>1</ObjectSizeLessThan></Filter>", Abort, "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Object Size.")]
    public void Parse_ExpirationAgainstARule_IsRefusedAsS3Does(string filter, string actions, string? code, string? message)
    {
        LifecycleConfiguration Read() => Parse($"<Rule>{filter}{Enabled}{actions}</Rule>");
        if (code is null) Read().Rules.Count.ShouldBe(1);
        else Refused(() => Read(), code).ShouldBe(message);
    }

    [Theory]
    [InlineData("<Expiration><Days>1</Days></Expiration>", "Expiration")]
    [InlineData("<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>", "NoncurrentVersionExpiration")]
    [InlineData(Abort, "AbortIncompleteMultipartUpload")]
    public void Parse_OverlapsOfTheFirstVersion_AreRefusedForEachAction(string action, string name)
    {
        Refused(() => Parse($"<Rule><Prefix>a</Prefix>{Enabled}{action}</Rule><Rule><Prefix>ab</Prefix>{Enabled}{action}</Rule>"), "InvalidRequest").ShouldEndWith($"for same action type '{name}'");
        Parse($"<Rule><Prefix>a</Prefix>{Enabled}{action}</Rule><Rule><Prefix>ab</Prefix>{Enabled}{Glacier}</Rule>").Rules.Count.ShouldBe(2);
    }

    private static LifecycleConfiguration Parse(string rules) => LifecycleReader.Parse(Encoding.UTF8.GetBytes($"<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</LifecycleConfiguration>"));

    /// <returns>What the client is told.</returns>
    private static string Refused(Action read, string code)
    {
        var refusal = Should.Throw<S3Exception>(read);
        refusal.Error.Code.ShouldBe(code, refusal.Message);
        return refusal.Message;
    }
}
