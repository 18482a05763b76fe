/// The update of a distributor, in three forms.
///
/// The forms are a signed live image, the same image signed with another key, and an OCI image.
public struct UpdateImages: Sendable {
    /// The path of a disk with the images on ext4, described in `Scripts/update-images`.
    public let disk: String

    /// The images for the current build; made first if missing.
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
