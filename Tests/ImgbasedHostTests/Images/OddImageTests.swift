import ImgbasedCore
import Testing

@testable import ImgbasedHost

/// Images that are as they should be, and not as most are.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct OddImageTests {
    @Test func whatAnInterruptedRunUnpackedGoesWithTheNextImage() async throws {
        let maker = try ImageMaker()
        let image = try maker.image("ext4")
        let left = try maker.shell(
            "left=$(mktemp -d /var/tmp/left-XXXXXX); echo > $left/x; new=/var/tmp/imgbased-image-${left#*-}; mv $left $new; echo $new"
        )
        _ = try ImageSource(image, trust: maker.trust)
        #expect(!Helper.exists(left))
    }
}
