/// What a distributor delivers of a next root image: a signed live image, the same with a signature of somebody else, and an
/// OCI image.
public struct UpdateImages: Sendable {
    /// A disk with an ext4 file system that they are in, as `Scripts/update-images` says.
    public let disk: String

    /// The images for what is built now; made first if there are none.
    public static func current() throws -> UpdateImages {
        try BuildDirectory.locked { UpdateImages(disk: try artefact().obtain() + "/images.img") }
    }

    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/update-images"

    private static func artefact() throws -> Artefact {
        let root = try RootImage.artefact()
        let key = try Digest.of([root.key, Digest.ofFile(script)])
        return Artefact(kind: "images", key: key) { directory in
            let image = RootImage(directory: try root.obtain()).image
            try HostCommand.run([script, image, directory], within: .minutes(10))
        }
    }
}
