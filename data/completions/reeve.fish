# SPDX-License-Identifier: MIT
# Completion in fish, for reeve and reeved. What can stand where is asked of the programs, out of their tables.

function __reeve_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc) "$current"

    for line in (reeve help --complete -- $words[2..-1] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current" folder
            case :programs
                complete -C "$current"
            case :users
                __fish_complete_users
            case ':command *'
                set -l place (string replace ':command ' '' -- $line)
                complete -C (string join ' ' -- (string escape -- $words[(math $place + 2)..-2]) "$current")
            case '*'
                echo $line
        end
    end
end

function __reeved_options
    reeved --help 2>/dev/null | string replace -rf '^  (?:-., )?(--[a-z0-9_-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
end

complete -c reeve -f -a '(__reeve_complete)'
complete -c reeved -a '(__reeved_options)'
