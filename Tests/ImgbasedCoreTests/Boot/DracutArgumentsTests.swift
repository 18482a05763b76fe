import Testing

@testable import ImgbasedCore

@Suite struct DracutArgumentsTests {
    @Test(arguments: [
        ("rd.imgbased.layer=Base-0.1", true),
        ("root=/dev/HostVG/Base-0.1 rd.lvm.lv=HostVG/Base-0.1 rd.imgbased.layer=Base-1.1", true),
        ("root=/dev/vg/root rd.lvm.lv=vg/root", true),
        ("root=/dev/mapper/vg-root rd.lvm.lv=vg/root", true),
        ("rd.lvm.lv=onn/node-4.5.1-1+1", true),
        ("root=/dev/onn/node-4.5.1-1+1 rd.lvm.lv=onn/node-4.5.1-1+1 rd.lvm.lv=onn/swap", false),
        ("root=/dev/vg/root rd.lvm.lv=other/root", false),
        ("rd.imgbased.layer=Base-0.1 rd.lvm.vg=HostVG", false),
        ("rd.imgbased.layer=Base-0.1 rd.auto", false),
        ("rd.imgbased.layer=Base-0.1 rd.lvm.lv=swap", false),
    ])
    func lvm2StaysOutUnlessItHasSomethingElseToDo(text: String, staysOut: Bool) {
        #expect(DracutArguments.additional(to: KernelCommandLine(text)) == (staysOut ? ["rd.lvm=0"] : []))
    }
}
