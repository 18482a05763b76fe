import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

/// Makes images of one tree in every format, with the common tools.
struct ImageMaker {
    let scratch: Scratch

    static var missing: String? {
        if geteuid() != 0 { return "only root can make devices and mount" }
        let files = [
            "/dev/loop-control", "/usr/bin/mksquashfs", "/usr/bin/unsquashfs", "/usr/bin/umoci",
            "/usr/sbin/mkfs.xfs",
            "/usr/bin/zstd", "/usr/bin/xz", "/usr/bin/setfattr", "/usr/bin/setfacl", "/usr/sbin/setcap",
            "/usr/bin/gpgv", "/usr/bin/gpg", "/usr/bin/python3", "/usr/sbin/sfdisk",
        ]
        return files.first { !Helper.exists($0) }.map { "there is no \($0)" }
    }

    /// A tree with every kind of content.
    static let tree = """
        set -eu
        mkdir -p tree/etc tree/usr/bin tree/var/empty
        echo 'NAME=Test' > tree/etc/os-release
        echo acl > tree/etc/acl; setfacl -m u:1234:r tree/etc/acl
        echo attr > tree/etc/attr; setfattr -n user.note -v 'a value' tree/etc/attr
        cp /usr/bin/true tree/usr/bin/ping; setcap cap_net_raw+ep tree/usr/bin/ping
        echo linked > tree/etc/one; ln tree/etc/one tree/etc/two
        ln -s /etc/os-release tree/etc/absolute; ln -s ../../../../../../etc/passwd tree/etc/outside
        mknod tree/null c 1 3; mknod tree/disk b 7 77; mkfifo tree/pipe
        echo secret > tree/etc/secret; chmod 4710 tree/etc/secret; chown 12:34 tree/etc/secret
        head -c 70000 /dev/urandom > tree/hole; truncate -s 8M tree/hole; tail -c 70000 tree/hole > /dev/null
        printf x >> tree/hole
        printf newline > "$(printf 'tree/new\\nline')"; echo > tree/-dash; echo > "tree/$(printf '\\377')"
        chmod 751 tree; touch -d '2020-01-02 03:04:05 UTC' tree/etc/os-release tree
        """

    /// Commands that make an image of `tree`, named `image`.
    static let formats: [String: String] = [
        "ext4": "truncate -s 40M image; mkfs.ext4 -q -F image; " + copy,
        "xfs": "truncate -s 320M image; mkfs.xfs -q -f image; " + copy,
        "live":
            "mkdir -p live/LiveOS; truncate -s 40M live/LiveOS/rootfs.img; mkfs.ext4 -q -F live/LiveOS/rootfs.img; "
            + copy.replacingOccurrences(of: "image", with: "live/LiveOS/rootfs.img")
            + "; mksquashfs live image -quiet -no-progress",
        "squashfs": "mksquashfs tree image -quiet -no-progress 2>/dev/null",
        "tar": "tar -C tree --sparse --xattrs --xattrs-include='*' --acls -cf image .",
        "pax": "tar -C tree --format=pax --sparse --xattrs --xattrs-include='*' --acls -cf image .",
        "ustar": "tar -C tree --format=ustar -cf image --exclude=./pipe .",
        "oci-directory": layout("gzip", "gzip") + "mv layout image",
        "oci": layout("gzip", "gzip") + "tar -C layout -cf image .",
        "oci-tail": layout("gzip", "gzip") + "tar -C layout -cf image blobs oci-layout index.json",
        "oci-zstd": layout("zstd", "zstd") + "mv layout image",
        "oci-gzip-zstd": layout("gzip", "zstd") + "mv layout image",
        "oci-zstd-plain": layout("zstd", "plain") + "tar -C layout -cf image .",
    ]

    private static let copy = "mkdir mnt; mount image mnt; cp -a tree/. mnt; umount mnt; rmdir mnt"

    /// A layout of two layers: the second removes a file, adds another, and recreates a directory.
    ///
    /// A frame to skip follows the data compressed by zstd, as in `zstd:chunked`.
    private static func layout(_ first: String, _ second: String) -> String {
        """
        mkdir -p layer2/etc layer2/var; touch layer2/etc/.wh.attr; echo new > layer2/etc/new; touch layer2/var/.wh..wh..opq; chmod 751 layer2
        tar -C tree --xattrs --xattrs-include='*' -cf 1.tar .; tar -C layer2 -cf 2.tar .
        mkdir -p layout/blobs/sha256
        put() { sum=$(sha256sum < $1); sum=${sum%% *}; cp $1 layout/blobs/sha256/$sum; }
        diffs=; layers=; n=0
        for form in \(first) \(second); do
            n=$((n + 1)); sum=$(sha256sum < $n.tar); diffs="$diffs,\\"sha256:${sum%% *}\\""; suffix=+$form
            case $form in
                plain) cp $n.tar layer; suffix= ;;
                gzip) gzip -n < $n.tar > layer ;;
                zstd) zstd -q < $n.tar > layer; printf '\\120\\052\\115\\030\\004\\000\\000\\000note' >> layer ;;
            esac
            put layer
            layers="$layers,{\\"mediaType\\":\\"application/vnd.oci.image.layer.v1.tar$suffix\\",\\"digest\\":\\"sha256:$sum\\",\\"size\\":$(stat -c %s layer)}"
        done
        echo "{\\"architecture\\":\\"amd64\\",\\"os\\":\\"linux\\",\\"config\\":{},\\"rootfs\\":{\\"type\\":\\"layers\\",\\"diff_ids\\":[${diffs#,}]}}" > config
        put config
        echo "{\\"schemaVersion\\":2,\\"config\\":{\\"mediaType\\":\\"application/vnd.oci.image.config.v1+json\\",\\"digest\\":\\"sha256:$sum\\",\\"size\\":$(stat -c %s config)},\\"layers\\":[${layers#,}]}" > manifest
        put manifest
        echo '{"imageLayoutVersion":"1.0.0"}' > layout/oci-layout
        echo "{\\"schemaVersion\\":2,\\"manifests\\":[{\\"mediaType\\":\\"application/vnd.oci.image.manifest.v1+json\\",\\"digest\\":\\"sha256:$sum\\",\\"size\\":$(stat -c %s manifest)}]}" > layout/index.json

        """
    }

    static let compressors = ["gzip": "gzip -n", "xz": "xz -0", "zstd": "zstd -q --rm"]

    /// Makes a directory with `tree` in it.
    init() throws {
        scratch = try Scratch()
        try shell(ImageMaker.tree)
    }

    /// Runs shell commands in the directory, and returns their output.
    ///
    /// Their mounts are in a new namespace: otherwise another test's new namespace would copy a mount and
    /// keep the file system busy.
    @discardableResult
    func shell(_ text: String) throws -> String {
        try Helper.run(
            "/usr/bin/unshare", "--mount", "/usr/bin/bash", "-euc",
            "cd \(scratch.path)\nexport PATH=/usr/sbin:/usr/bin LC_ALL=C\n" + text)
    }

    /// Makes an image of `format`, compressed if a compressor is given. The name does not tell the format.
    func image(_ format: String, _ compressor: String? = nil) throws -> String {
        try shell(try #require(ImageMaker.formats[format]))
        if let compressor {
            try shell("\(try #require(ImageMaker.compressors[compressor])) image; mv image.* image")
        }
        return scratch("image")
    }

    /// Opens and writes the image; returns "accepted", "unknown" or the error.
    func outcome(_ image: String? = nil, trust: ImageTrust? = nil) async
        -> String
    {
        do {
            let source = try ImageSource(image ?? scratch("image"), trust: trust ?? self.trust)
            if source.description.content == .unknown { return "unknown" }
            _ = try await BaseFromImageTests.add(source, self)
            return "accepted"
        } catch {
            let text = "\(error)"
            #expect(!text.contains("\n"))
            return text
        }
    }

    /// Trust without requirements, independent of the host that runs the tests.
    var trust: ImageTrust { ImageTrust(keyring: scratch("trusted.gpg")) }
}

/// Mounts a device read-only for `body`.
func looking(at device: String, in scratch: Scratch, _ body: (String) throws -> Void) throws {
    let place = scratch("seen")
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    // A child that another test forks can hold a mount for writing a moment longer. The kernel sends no event
    // when it ends.
    let mount =
        "for i in $(seq 100); do mount -o ro \(device) \(place) 2>/dev/null && exit; sleep 0.1; done; false"
    try Helper.run("/bin/sh", "-c", mount)
    defer { _ = try? Helper.run("/usr/bin/umount", place) }
    try body(place)
}
