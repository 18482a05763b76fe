/// The image of a Debian host with many servers and without documentation, made as a distributor would make it:
/// from Debian's packages alone, with the package of the current build.
public struct ServerImage: Sendable {
    /// The path of the raw image of the ext4 file system.
    public let image: String

    /// Servers that start with the configuration of their packages, and do not use the same ports.
    private static let packages = [
        "openssh-server", "openssh-client", "cron", "at", "anacron", "sudo", "rsyslog", "logrotate",
        "ca-certificates",
        "openssl", "curl", "nginx-light", "postfix", "unbound", "chrony", "memcached", "redis-server",
        "mosquitto",
        "snmpd", "lldpd", "monit", "avahi-daemon", "vsftpd", "tinyproxy", "privoxy", "ngircd",
        "prometheus-node-exporter", "acpid", "irqbalance", "haveged", "rpcbind", "beanstalkd",
        "gearman-job-server",
        "dovecot-imapd", "uptimed", "opendkim", "dbus", "polkitd", "tzdata", "iproute2", "procps", "less",
        "nano",
        "vim-tiny", "oidentd", "rsync", "tor",
        "sysstat",
    ]

    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/server-image"

    /// The image of a release for the current build; made first if missing.
    public static func current(_ release: DebianTree) throws -> ServerImage {
        try BuildDirectory.locked {
            ServerImage(image: try artefact(release).obtain() + "/servers.img")
        }
    }

    private static func artefact(_ release: DebianTree) throws -> Artefact {
        let tree = try PackageTree.artefact("server-tree", release, packages: packages)
        let package = try PackageTree.packages()
        let key = try Digest.of(
            [
                tree.key, package.key, Digest.ofTree(RootImage.guest), Digest.ofFile(script),
                Digest.ofFile(RootTree.script),
            ])
        return Artefact(kind: "servers.\(release.rawValue)", key: key) { directory in
            try HostCommand.run(
                [
                    script, tree.obtain() + "/tree.tar", RootImage.guest,
                    package.obtain() + PackageTree.package,
                    directory + "/servers.img",
                ], within: .minutes(20))
        }
    }
}
