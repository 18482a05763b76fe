import TestMachine

/// Commands on a host that is up, whose power can go at any moment.
public struct Scenario: Sendable {
    /// A command, of which the states before and after it are the old and the new one.
    public struct Step: Sendable {
        /// What is run in the guest, by `sh`.
        let script: String
    }

    /// Names its files.
    public let name: String
    /// What is done before, in the guest.
    let preparation: String
    let steps: [Step]

    private init(_ name: String, preparation: String = "", _ scripts: String...) {
        self.name = name
        self.preparation = preparation
        steps = scripts.map(Step.init(script:))
    }

    /// A few of them, for each check.
    public static let slice = [
        Scenario("slice", "imgbase boot --set-default Base-0.2", "imgbase layer --add Base-1")
    ]

    /// What is recorded: /dev/vdb has the image of a base.
    public static let all = [
        Scenario(
            "record", "imgbase boot --set-default Base-0.2", "imgbase boot --try Base-1.1",
            "imgbase boot --set-default Base-0.1", "imgbase boot --once Base-0.2"),
        Scenario(
            "layer", "imgbase layer --add Base-1", "imgbase boot --args-add Base-1.2 quiet splash",
            "imgbase layer --remove Base-1.2", "imgbase layer --remove Base-0.2"),
        Scenario("base", "imgbase base --add --size 1G /dev/vdb", "imgbase base --remove --force Base-1"),
        Scenario(
            "update",
            preparation: """
                mount /dev/vdb /mnt && echo 'PRETTY_NAME="image 2"' >/mnt/usr/lib/os-release && umount /mnt
                echo mine >/etc/local.conf
                """, "imgbase update /dev/vdb", "imgbase rollback"),
        Scenario(
            "refresh",
            preparation: """
                stored=$(echo /boot/imgbased/*) version=6.1.0-999-amd64
                mkdir -p /usr/lib/modules/$version
                echo >/usr/lib/modules/$version/modules.dep
                cp $stored/linux /boot/vmlinuz-$version
                { cat $stored/initrd; head -c 512 /dev/zero; } >/boot/initrd.img-$version
                """, "imgbase boot --refresh"),
        Scenario("install", "imgbase boot --uninstall", "imgbase boot --install"),
        Scenario(
            "recover", preparation: "lvchange -q --addtag imgbased:removing HostVG/Base-1", "imgbase recover"),
        Scenario("rollback", "imgbase rollback --carry-etc --to Base-0.2", "imgbase rollback --to Base-0.1"),
    ]
}
