import TestMachine
import Testing

/// A host as people have them, with real packages and servers of Debian.
@Suite struct ServerTests {
    @Test(
        "A server with users, keys, packages and a database goes from Debian 12 to 13, back and forward",
        .checkAll)
    func people() throws {
        let old = try ServerImage.current(.bookworm)
        let new = try ServerImage.current(.trixie)
        let disks: [Disk] = [.readOnly(old.image), .blank(mebibytes: 16384), .readOnly(new.image)]
        try Artefacts.bareSystem("servers", disks: disks).run { vm in
            try vm.check("imgbase install --size 4G /dev/vdb /dev/vdc", within: .minutes(20))
            vm.cutPower()
            vm.unplug(0)
            vm.unplug(1)
            try vm.powerOn(.firstDisk)
            try vm.waitForGuest(within: .minutes(10))
            try vm.check("systemctl is-system-running --wait || :", within: .minutes(10))
            try vm.check(Self.people, within: .minutes(5))
            try vm.check(Self.packages, within: .minutes(5))
            try vm.check(Self.data, within: .minutes(5))
            try vm.check(Self.settings, within: .minutes(5))
            try vm.check(Self.everythingWorks, within: .minutes(5))
            let before = try Self.services(vm)
            #expect(before.count >= 40)

            let report = try vm.check("imgbase update /dev/vdb", within: .minutes(30))
            for words in [
                "left '/var/lib/app'", "package 'local' 1.0: installed", "package 'byhand' 1.0: installed",
            ] {
                #expect(report.contains(words))
            }
            #expect(!report.contains("/var/cache/app"))
            try vm.reboot()
            try vm.expectStatus("Base-1.1", "trial", warnings: Self.warnings, within: .minutes(15))
            try vm.expect("trixie", from: ". /etc/os-release; echo $VERSION_CODENAME")
            try vm.check(Self.everythingWorks, within: .minutes(5))
            // The new release has no service less that started before.
            #expect(Set(before).subtracting(try Self.services(vm)) == [])
            // The report named it.
            try vm.check("! test -e /var/lib/app")

            try vm.check("imgbase rollback")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial", warnings: Self.warnings, within: .minutes(15))
            try vm.check(Self.everythingWorks, within: .minutes(5))
            try vm.check("test -e /var/lib/app/file")
            try vm.check("imgbase rollback --to Base-1.1")
            try vm.reboot()
            try vm.expectStatus("Base-1.1", "trial", warnings: Self.warnings, within: .minutes(15))
            try vm.check(Self.everythingWorks, within: .minutes(5))
        }
    }

    /// The system services that run.
    private static func services(_ vm: VM) throws -> [String] {
        try vm.check(
            "systemctl list-units --type=service --state=active --plain --no-legend | cut -d ' ' -f 1"
        ).split(separator: "\n").map(String.init)
    }

    private static let warnings: [String] = []

    /// Three users with keys and crontabs, and root's.
    private static let people = """
        set -e
        for name in root ada ben cleo; do
            [ $name = root ] || useradd --create-home --shell /bin/bash $name
            home=$(getent passwd $name | cut -d : -f 6)
            install -d -m 700 -o $name $home/.ssh
            ssh-keygen -q -t ed25519 -N '' -f $home/.ssh/id_ed25519
            cp $home/.ssh/id_ed25519.pub $home/.ssh/authorized_keys
            chown -R $name $home/.ssh
            echo "@daily echo $name" | crontab -u $name -
        done
        """

    /// A package of a local repository with a service, and one installed by hand.
    private static let packages = """
        set -e
        mkdir -p /root/build /srv/repository && cd /root/build
        for name in local byhand; do
            mkdir -p $name/DEBIAN $name/usr/bin $name/lib/systemd/system
            printf '%s\\n' "Package: $name" 'Version: 1.0' 'Architecture: all' \
                'Maintainer: me <me@example.org>' 'Description: a package' >$name/DEBIAN/control
            printf '#!/bin/sh\\necho %s\\n' $name >$name/usr/bin/$name
            chmod 755 $name/usr/bin/$name
        done
        printf '%s\\n' '[Service]' 'ExecStart=sleep infinity' '[Install]' 'WantedBy=multi-user.target' \
            >local/lib/systemd/system/local.service
        printf '#!/bin/sh\\nsystemctl enable local.service\\n[ ! -d /run/systemd/system ] || systemctl start local\\n' \
            >local/DEBIAN/postinst
        chmod 755 local/DEBIAN/postinst
        for name in local byhand; do dpkg-deb --root-owner-group --build $name .; done
        cp local_1.0_all.deb /srv/repository
        cd /srv/repository
        { dpkg-deb --field local_1.0_all.deb; echo Filename: ./local_1.0_all.deb; \
            echo Size: $(stat -c %s local_1.0_all.deb); \
            echo SHA256: $(sha256sum local_1.0_all.deb | cut -d ' ' -f 1); } >Packages
        echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list.d/local.list
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get --yes install local
        dpkg --install /root/build/byhand_1.0_all.deb
        """

    /// A database on a volume of its own, what nothing carries, and what needs no words.
    private static let data = """
        set -e
        systemctl stop redis-server
        imgbase volume create /var/lib/redis 64M
        systemctl start redis-server
        redis-cli set answer 42
        redis-cli save
        mkdir -p /srv/www /opt/tool/bin /var/lib/app /var/cache/app
        echo page >/srv/www/index.html
        printf '#!/bin/sh\\necho tool\\n' >/opt/tool/bin/tool
        chmod 755 /opt/tool/bin/tool
        echo data >/var/lib/app/file
        echo cache >/var/cache/app/file
        """

    /// Changed configuration: PAM, sudo, sshd, a web server, an authority, a time zone, an alternative.
    private static let settings = """
        set -e
        echo 'session optional pam_umask.so umask=0027' >>/etc/pam.d/common-session
        echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada
        chmod 440 /etc/sudoers.d/ada
        sed -i 's/^#*Port .*/Port 2222/; s/^#*PasswordAuthentication .*/PasswordAuthentication no/' \
            /etc/ssh/sshd_config
        sed -i 's,root /var/www/html;,root /srv/www;,' /etc/nginx/sites-available/default
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=authority \
            -keyout /etc/ssl/private/authority.key -out /usr/local/share/ca-certificates/authority.crt 2>/dev/null
        update-ca-certificates
        ln -sf /usr/share/zoneinfo/Europe/Vienna /etc/localtime
        update-alternatives --set editor /usr/bin/vim.tiny
        systemctl restart ssh nginx
        """

    /// Everything that an administrator would look at.
    private static let everythingWorks = """
        set -ex
        for name in root ada ben cleo; do
            home=$(getent passwd $name | cut -d : -f 6)
            test "$(ssh -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i $home/.ssh/id_ed25519 \
                $name@127.0.0.1 id -un 2>/dev/null)" = $name
            crontab -u $name -l | grep "echo $name"
        done
        umask=$(ssh -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -i /home/ben/.ssh/id_ed25519 \
            ben@127.0.0.1 umask 2>/dev/null)
        test $umask = 0027
        test "$(runuser -u ada -- sudo -n id -un)" = root
        test "$(local) $(byhand) $(/opt/tool/bin/tool)" = 'local byhand tool'
        systemctl is-active local.service
        test "$(curl -s http://127.0.0.1/)" = page
        test "$(redis-cli get answer)" = 42
        findmnt --noheadings /var/lib/redis
        openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates/authority.crt
        test "$(readlink /etc/localtime)" = /usr/share/zoneinfo/Europe/Vienna
        test "$(readlink /etc/alternatives/editor)" = /usr/bin/vim.tiny
        sshd -t
        visudo --check --quiet
        nginx -t
        unbound-checkconf
        rsyslogd -N1
        postfix check
        doveconf >/dev/null
        """
}
