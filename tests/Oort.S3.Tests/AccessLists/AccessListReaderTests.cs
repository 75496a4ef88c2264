using System.Text;
using Shouldly;
using Xunit;

namespace Oort.S3.Tests.AccessLists;

public sealed class AccessListReaderTests
{
    private const string Owner = "<Owner><ID>o</ID><DisplayName>O</DisplayName></Owner>";
    private const string Xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    private const string Account = $"<Grant><Grantee {Xsi} xsi:type=\"CanonicalUser\"><ID>a</ID><DisplayName>A</DisplayName></Grantee><Permission>READ</Permission></Grant>";

    [Fact]
    public void Parse_EveryKindOfGrantee_AsItIsSent()
    {
        var body = $"<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{Owner}<AccessControlList>{Account}<Grant><Permission>FULL_CONTROL</Permission><Grantee {Xsi} xsi:type=\"AmazonCustomerByEmail\"><EmailAddress>a@b</EmailAddress></Grantee></Grant><Grant><Grantee xsi:type=\"Group\" {Xsi}><URI>{AclNames.AllUsers}</URI></Grantee><Permission>WRITE_ACP</Permission></Grant></AccessControlList></AccessControlPolicy>";
        var list = Parse(body);
        list.OwnerId.ShouldBe("o");
        list.Grants.ShouldBe([new(AclGranteeKind.Account, "a", AclPermission.Read), new(AclGranteeKind.Email, "a@b", AclPermission.FullControl), new(AclGranteeKind.Group, AclNames.AllUsers, AclPermission.WriteAcp)]);
        Parse($"<AccessControlPolicy>{Owner}<AccessControlList/></AccessControlPolicy>").Grants.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("<AccessControlList/>")]
    [InlineData("<AccessControlPolicy><AccessControlList/></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}</AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}{Owner}<AccessControlList/></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList/><AccessControlList/></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy><Owner><DisplayName>O</DisplayName></Owner><AccessControlList/></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee><ID>a</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"CanonicalUser\"/><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"Group\"><ID>a</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"Robot\"><ID>a</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"CanonicalUser\"><ID>a</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"CanonicalUser\"><ID>a</ID></Grantee><Permission>read</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    [InlineData($"<AccessControlPolicy>{Owner}<AccessControlList><Grant><Grantee {Xsi} xsi:type=\"CanonicalUser\"><ID>a</ID><Key/></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>")]
    public void Parse_WhatIsNone_IsMalformed(string body) => Should.Throw<S3Exception>(() => Parse(body)).Error.ShouldBe(S3Errors.MalformedAclError);

    [Fact]
    public void Parse_AHundredGrants_AreTakenAndOneMoreIsNot()
    {
        Parse(Many(100)).Grants.Count.ShouldBe(100);
        Should.Throw<S3Exception>(() => Parse(Many(101))).Error.ShouldBe(S3Errors.MalformedAclError);

        static string Many(int count) => $"<AccessControlPolicy>{Owner}<AccessControlList>{string.Concat(Enumerable.Repeat(Account, count))}</AccessControlList></AccessControlPolicy>";
    }

    [Theory]
    [InlineData("<OwnershipControls/>")]
    [InlineData("<OwnershipControls><Rule/></OwnershipControls>")]
    [InlineData("<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>")]
    [InlineData("<OwnershipControls><Rule><Owner>ObjectWriter</Owner></Rule></OwnershipControls>")]
    public void ParseOwnership_NotOneRule_IsMalformed(string body)
    {
        OwnershipControlsReader.Parse("<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"u8.ToArray()).ShouldBe("ObjectWriter");
        Should.Throw<S3Exception>(() => OwnershipControlsReader.Parse(Encoding.UTF8.GetBytes(body))).Error.ShouldBe(S3Errors.MalformedXml);
    }

    private static AccessListDocument Parse(string body) => AccessListReader.Parse(Encoding.UTF8.GetBytes(body));
}
