import Foundation

/// Makes disks that boot an image from a layer, on BIOS and on UEFI.
///
/// A machine that runs the image installs them: the build host needs no device-mapper.
public enum NodeDisk {
    /// Makes `file`, a raw, sparse disk with the image of `release`, and returns what `imgbase install` said.
    public static func make(_ file: String, of release: DebianTree = .bookworm, login: Login) throws -> String
    {
        let files = FileManager.default
        let (node, sizes) = try (NodeImage.current(release), Recipe.current.sizes())
        let scratch = try BuildDirectory.makeScratch("image")
        defer { try? files.removeItem(atPath: scratch) }
        let disk = scratch + "/disk.img"
        try HostCommand.run("truncate", "--size", sizes.disk, disk)
        try login.write(into: scratch + "/login")
        try HostCommand.run("tar", "-C", scratch + "/login", "-cf", scratch + "/login.tar", ".")
        let disks: [Disk] = [.file(disk), .readOnly(node.path), .readOnly(scratch + "/login.tar")]
        let output = try node.run("image", disks: disks, login: login) { vm in
            let output = try vm.check(
                """
                set -e
                mkdir -m 700 /run/login
                tar -C /run/login --no-overwrite-dir -xf /dev/vdd
                set -- --root-password-file /run/login/hash
                [ ! -e /run/login/keys ] || set -- "$@" --ssh-key /run/login/keys
                imgbase install "$@" --boot-size \(sizes.boot) --size \(sizes.base) /dev/vdc /dev/vdb
                """, within: .minutes(20))
            try vm.shutDown()
            return output
        }
        try? files.removeItem(atPath: file)
        try files.moveItem(atPath: disk, toPath: file)
        return output
    }
}
