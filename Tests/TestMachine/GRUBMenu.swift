/// GRUB's menu on a machine's serial console.
public struct GRUBMenu {
    private let vm: VM

    init(_ vm: VM) {
        self.vm = vm
    }
}
