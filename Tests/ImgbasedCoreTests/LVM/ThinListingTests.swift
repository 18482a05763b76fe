import Testing

@testable import ImgbasedCore

@Suite struct ThinListingTests {
    @Test func knowsWhoOwnsWhat() {
        let listing = ThinListing("1 1280 \n2 1024\nx 3\n4 5 6\n5\n")
        #expect(listing.owns(1, all: Sectors(1280)))
        #expect(!listing.owns(1, all: Sectors(1281)))
        #expect(listing.owns(2, all: Sectors(1000)))
        #expect(!listing.owns(4, all: Sectors(1)))
        #expect(!listing.owns(5, all: Sectors(0)))
        #expect(!listing.owns(9, all: Sectors(0)))
    }
}
